/** The keys of the single table: distinct, sortable, safe for every value a caller can send. */
import t from 'tap';
import {
  auditKey,
  dataKey,
  dueBefore,
  dueEntry,
  emailKey,
  idempotencyKey,
  jobIndexKeys,
  jobKey,
  jobsPartition,
  OPEN_SHARDS,
  ownUnitsPartition,
  roleKey,
  sameUnitKey,
  shardOf,
  sharedUnitsPartition,
} from '../../src/aws/table/table.ts';
import { SAMPLE_TIME, sampleJob, sampleUnit } from '../helpers/samples.ts';

t.test(
  'a job is found by its id, in the list of its owner, and among the open jobs while it is due',
  async (t) => {
    const job = sampleJob({ jobId: '01JGK0000000000000000JOB01' });
    t.same(jobKey(job.jobId), { pk: 'JOB#01JGK0000000000000000JOB01', sk: 'JOB' });
    t.same(jobIndexKeys(job), {
      gsi1pk: 'OWNER#owner-1#JOB',
      gsi1sk: '001767323045678#01JGK0000000000000000JOB01',
      gsi2pk: `OPEN#${shardOf(job.jobId)}`,
      gsi2sk: '001767323045678#01JGK0000000000000000JOB01',
    });
    t.same(Object.keys(jobIndexKeys(sampleJob({ dueAt: undefined }))), ['gsi1pk', 'gsi1sk']);
  },
);

t.test('keys in the index of open jobs sort by time and end exactly at now', async (t) => {
  const at = (dueAt: number): string => jobIndexKeys(sampleJob({ dueAt })).gsi2sk ?? '';
  const times = [0, 9, 10, 999, SAMPLE_TIME - 1, SAMPLE_TIME, SAMPLE_TIME + 1, 9_999_999_999_999];
  t.same([...times].reverse().map(at).sort(), times.map(at));
  t.ok(at(SAMPLE_TIME) < dueBefore(SAMPLE_TIME), 'due now is due');
  t.notOk(at(SAMPLE_TIME + 1) < dueBefore(SAMPLE_TIME), 'due in a millisecond is not');
  t.same(dueEntry(at(SAMPLE_TIME)), { dueAt: SAMPLE_TIME, jobId: sampleJob().jobId });
});

t.test('open jobs spread over all shards evenly, though their ids begin alike', async (t) => {
  const counts = new Array<number>(OPEN_SHARDS).fill(0);
  for (let i = 0; i < 8_000; i++) counts[shardOf(`01JGK00000000000000${String(i).padStart(7, '0')}`)]++;
  t.ok(
    counts.every((count) => count > 850 && count < 1_150),
    counts.join(' '),
  );
});

t.test('no value imitates the separator, a neighbour or the escape', async (t) => {
  const hostile = [
    'a#JOB',
    'a',
    '',
    '#',
    '~',
    'a'.repeat(201),
    'a'.repeat(3_000),
    'ä',
    '\u0000',
    '../..',
    'a b',
  ];
  const keys = [
    ...hostile.flatMap((owner) => [
      jobsPartition(owner),
      ownUnitsPartition(owner, 'x'),
      ownUnitsPartition('x', owner),
      sharedUnitsPartition(owner),
      idempotencyKey(owner, 'k').pk,
      dataKey(owner, 'd').pk,
      jobKey(owner).pk,
    ]),
    dataKey('a', 'b#c').pk,
    dataKey('a#b', 'c').pk,
  ];
  t.equal(new Set(keys).size, keys.length, 'no two keys are alike');
  const longest = Math.max(...keys.map((key) => Buffer.byteLength(key)));
  t.ok(longest < 1_024, `longest partition key ${longest} bytes`);
  const hashed = jobKey('#').pk.slice('JOB#'.length);
  t.not(jobKey(hashed).pk, jobKey('#').pk, 'the hash of a value is not a name for it');
});

t.test(
  'e-mail addresses that differ in case or blanks are one claim, and do not show in the key',
  async (t) => {
    t.same(emailKey(' Ada@Example.ORG '), emailKey('ada@example.org'));
    t.not(emailKey('ada@example.org').pk, emailKey('ada@example.com').pk);
    t.notMatch(emailKey('ada@example.org').pk, /ada/);
  },
);

t.test(
  'the same unit is what owner, app, account, region and state machine say, and nothing else',
  async (t) => {
    const unit = sampleUnit();
    t.same(
      sameUnitKey(unit),
      sameUnitKey({ ...unit, alias: 'other', dataBucket: 'other', version: 9 } as typeof unit),
    );
    for (const field of ['ownerId', 'appId', 'awsAccountId', 'region', 'stateMachineArn'] as const) {
      t.not(sameUnitKey(unit).pk, sameUnitKey({ ...unit, [field]: 'x' }).pk, field);
    }
    t.not(
      sameUnitKey({ ...unit, ownerId: 'a', appId: 'bc' }).pk,
      sameUnitKey({ ...unit, ownerId: 'ab', appId: 'c' }).pk,
    );
  },
);

t.test('a role ARN is readable in its claim; a very long one is hashed', async (t) => {
  t.equal(roleKey('arn:aws:iam::222222222222:role/a').pk, 'ROLE#arn:aws:iam::222222222222:role/a');
  t.match(roleKey(`arn:aws:iam::222222222222:role/${'a'.repeat(500)}`).pk, /^ROLE#~[0-9a-f]{64}$/);
});

t.test('audit entries of an owner sort by time', async (t) => {
  t.ok(auditKey('o', 999, 'z').sk < auditKey('o', 1_000, 'a').sk);
});
