/** Sessions in other accounts: one AssumeRole for many calls, renewed in time, refused for whom it should be. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import t from 'tap';
import type { Purpose } from '../../src/aws/accounts/session-policy.ts';
import { createSessions, type Session } from '../../src/aws/accounts/sessions.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { withProof } from '../helpers/samples.ts';

const START: Purpose = { kind: 'start' };
const MINUTE = 60_000;

const cloud = await startTestCloud(t);
const { mode1, mode2, clock } = cloud;
const control = cloud.control(HUB);

function newSessions(over: { maxSessions?: number } = {}) {
  const { clients, baseCredentials } = cloud;
  return createSessions({ sts: clients.sts, baseCredentials, platform: cloud.platform, clock, ...over });
}

/** AssumeRole calls that `work` causes. */
async function assumed(work: () => Promise<unknown>): Promise<number> {
  await control.clearCalls();
  await work();
  return cloud.calls('sts', 'AssumeRole');
}

async function whoIs(session: Session): Promise<string | undefined> {
  const sts = new STSClient({ endpoint: cloud.endpoint, region: REGION, credentials: session.credentials });
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  sts.destroy();
  return Arn;
}

t.test(
  "no session carries the whole role: Mode 1 is entered through the platform's own, narrowed too",
  async (t) => {
    const sessions = newSessions();
    const count = await assumed(async () => {
      const session = await sessions.get(mode1, START);
      t.match(
        await whoIs(session),
        /^arn:aws:sts::111111111111:assumed-role\/mroptimum-mode1-CloudMRCrossAccountRole\/cloudmr-start-/,
      );
      t.not(await sessions.get(mode1, { kind: 'observe' }), session, 'each purpose has its own');
      t.equal(await sessions.get(mode1, START), session);
      const s3 = cloud.clients.s3(session.credentials, REGION);
      const get = new GetObjectCommand({ Bucket: mode1.dataBucket, Key: 'mroptimum/u1/x' });
      await t.rejects(s3.send(get), { name: 'AccessDenied' }, 'who starts reads nothing');
    });
    t.equal(count, 2);
    const own = {
      ...mode1,
      crossAccountRoleArn: `arn:aws:iam::${RESEARCHER}:role/x-CloudMRCrossAccountRole`,
    };
    await t.rejects(
      sessions.get(own, START),
      { name: 'CloudError', awsCode: 'NoRole' },
      'of the same account',
    );
  },
);

t.test("the broker's own role reaches no bucket and no state machine", async (t) => {
  const own = await cloud.baseCredentials();
  const get = new GetObjectCommand({ Bucket: mode1.dataBucket, Key: 'mroptimum/u1/x' });
  await t.rejects(cloud.clients.s3(own, REGION).send(get), { name: 'AccessDenied' });
  const describe = new DescribeStateMachineCommand({ stateMachineArn: mode1.stateMachineArn });
  await t.rejects(cloud.clients.sfn(own, REGION).send(describe), { name: 'AccessDeniedException' });
});

t.test('R58: Mode 2 enters the researcher’s role under a name that its owner can read', async (t) => {
  const session = await newSessions().get(mode2, {
    kind: 'presign',
    ownerId: 'u1',
  });
  t.equal(
    await whoIs(session),
    `arn:aws:sts::${RESEARCHER}:assumed-role/researcher-CloudMRCrossAccountRole/cloudmr-presign-${mode2.unitId}`,
  );
  t.ok(Math.abs(session.expiresAt - clock() - 60 * MINUTE) < 5_000, 'one hour, as chained roles allow');
});

t.test('one AssumeRole serves any number of calls, at once and after one another', async (t) => {
  const sessions = newSessions();
  const count = await assumed(async () => {
    const together = await Promise.all(Array.from({ length: 100 }, () => sessions.get(mode2, START)));
    t.equal(new Set(together).size, 1, 'single flight');
    for (let i = 0; i < 100; i++) await sessions.get(mode2, START);
  });
  t.equal(count, 1);
});

t.test('each purpose and each owner has its own session; a changed unit too', async (t) => {
  const sessions = newSessions();
  const purposes: Purpose[] = [
    START,
    { kind: 'observe' },
    { kind: 'presign', ownerId: 'u1' },
    { kind: 'presign', ownerId: 'u2' },
    { kind: 'remove', ownerId: 'u1' },
  ];
  t.equal(await assumed(() => Promise.all(purposes.map((purpose) => sessions.get(mode2, purpose)))), 5);
  t.equal(await assumed(() => sessions.get({ ...mode2, version: 7, alias: 'renamed' }, START)), 0);
  const degraded = { ...mode2, status: 'degraded' as const, statusSince: 7 };
  t.equal(await assumed(() => sessions.get(degraded, START)), 1, 'T35: dropped wherever it was degraded');
  t.equal(await assumed(() => sessions.get({ ...mode2, dataBucket: 'researcher-results' }, START)), 1);
  t.equal(await assumed(() => sessions.get({ ...mode2, unitId: 'other' }, START)), 1);
});

t.test('a session is renewed five minutes before its end, or earlier if more life is needed', async (t) => {
  const sessions = newSessions();
  const first = await sessions.get(mode2, START);
  clock.advance(50 * MINUTE);
  t.equal(await sessions.get(mode2, START), first);
  const second = await sessions.get(mode2, START, 15 * MINUTE);
  t.not(second, first, 'ten minutes were not enough');
  clock.advance(54 * MINUTE);
  t.equal(await sessions.get(mode2, START), second);
  clock.advance(2 * MINUTE);
  const third = await sessions.get(mode2, START);
  t.not(third, second);
  t.match(await whoIs(third), /cloudmr-start/, 'and works, though the broker’s own role was renewed as well');
});

t.test('forget drops the sessions of one unit only', async (t) => {
  const sessions = newSessions();
  const other = { ...mode2, unitId: 'other' };
  await sessions.get(mode2, START);
  await sessions.get(other, START);
  sessions.forget(mode2.unitId);
  t.equal(await assumed(() => sessions.get(other, START)), 0);
  t.equal(await assumed(() => sessions.get(mode2, START)), 1);
});

t.test('a session that was under way while its unit was forgotten is not kept', async (t) => {
  const sessions = newSessions();
  const flight = sessions.get(mode2, START);
  sessions.forget(mode2.unitId);
  await flight;
  t.equal(await assumed(() => sessions.get(mode2, START)), 1);
});

t.test('the number of kept sessions is bounded; the one used longest ago goes', async (t) => {
  const sessions = newSessions({ maxSessions: 2 });
  const of = (ownerId: string) => sessions.get(mode2, { kind: 'presign', ownerId });
  await of('a');
  await of('b');
  await of('a');
  t.equal(await assumed(() => of('c')), 1);
  t.equal(await assumed(() => of('a')), 0);
  t.equal(await assumed(() => of('b')), 1);
});

t.test('what cannot be trusted is refused before anything is sent', async (t) => {
  const sessions = newSessions();
  const refused = { name: 'CloudError', problem: 'trust_denied' };
  const count = await assumed(async () => {
    await t.rejects(sessions.get({ ...mode2, externalId: undefined }, START), {
      ...refused,
      message: 'no external ID',
    });
    await t.rejects(sessions.get({ ...mode2, externalId: '' }, START), refused);
    await t.rejects(sessions.get({ ...mode2, crossAccountRoleArn: undefined }, START), refused);
    await t.rejects(sessions.get({ ...mode1, awsAccountId: RESEARCHER }, START), refused);
    const unproven = { ...refused, awsCode: 'NoProof' };
    const purposes: Purpose[] = [
      START,
      { kind: 'observe' },
      { kind: 'check' },
      { kind: 'presign', ownerId: 'u1' },
      { kind: 'remove', ownerId: 'u1' },
    ];
    for (const purpose of purposes) {
      await t.rejects(sessions.get({ ...mode2, proof: undefined }, purpose), unproven, purpose.kind);
    }
    const elsewhere = mode2.crossAccountRoleArn?.replace('researcher', 'somebody');
    const older = mode2.proof && { ...mode2.proof, roleArn: undefined };
    for (const proof of [mode2.proof, older]) {
      const other = { ...mode2, crossAccountRoleArn: elsewhere, proof };
      const work = sessions.use(other, START, 'PutObject', async () => 'done');
      await t.rejects(work, unproven, 'the proof is of another role');
    }
    await t.rejects(
      sessions.get({ ...mode2, crossAccountRoleArn: undefined, awsAccountId: HUB }, START),
      refused,
    );
  });
  t.equal(count, 0);
});

t.test(
  'a wrong external ID, an unknown role and a role that the broker may not assume are trust_denied',
  async (t) => {
    const sessions = newSessions();
    const role = (name: string): string => `arn:aws:iam::${RESEARCHER}:role/${name}`;
    for (const unit of [
      { ...mode2, externalId: 'cloudmr-guessed' },
      withProof({ ...mode2, crossAccountRoleArn: role('gone-CloudMRCrossAccountRole') }),
      withProof({ ...mode2, crossAccountRoleArn: role('mode2-states') }),
    ]) {
      await t.rejects(sessions.get(unit, START), {
        name: 'CloudError',
        problem: 'trust_denied',
        operation: 'AssumeRole',
        awsCode: 'AccessDenied',
      });
    }
  },
);

t.test('a refusal is not remembered', async (t) => {
  const sessions = newSessions();
  await control.addFault({ service: 'sts', operation: 'AssumeRole', kind: 'deny' });
  await t.rejects(sessions.get(mode2, START), { name: 'CloudError', problem: 'trust_denied' });
  await control.clearFaults();
  t.ok(await sessions.get(mode2, START));
});

t.test('throttled STS calls are tried again by the SDK, then reported as throttled', async (t) => {
  await control.addFault({ service: 'sts', operation: 'AssumeRole', kind: 'throttle', times: 2 });
  t.ok(await newSessions().get(mode2, START));
  await control.addFault({ service: 'sts', operation: 'AssumeRole', kind: 'throttle' });
  await t.rejects(newSessions().get(mode2, START), {
    name: 'CloudError',
    problem: 'throttled',
    operation: 'AssumeRole',
  });
  await control.clearFaults();
});

t.test('use renews an ended session once, silently', async (t) => {
  const sessions = newSessions();
  const seen: Session[] = [];
  const ended = Object.assign(new Error('ended'), {
    name: 'ExpiredToken',
    $metadata: { httpStatusCode: 400 },
  });
  const answer = await sessions.use(mode2, START, 'PutObject', async (session) => {
    seen.push(session);
    if (seen.length === 1) throw ended;
    return 'done';
  });
  t.equal(answer, 'done');
  t.not(seen[0], seen[1]);
  await t.rejects(
    sessions.use(mode2, START, 'PutObject', async () => {
      throw ended;
    }),
    { name: 'CloudError', problem: 'expired', operation: 'PutObject' },
  );
});

t.test('many uses that meet the same ended session cause one renewal', async (t) => {
  const sessions = newSessions();
  const old = await sessions.get(mode2, START);
  const ended = Object.assign(new Error('ended'), {
    name: 'ExpiredToken',
    $metadata: { httpStatusCode: 400 },
  });
  const count = await assumed(() =>
    Promise.all(
      Array.from({ length: 20 }, () =>
        sessions.use(mode2, START, 'PutObject', async (session) => {
          await new Promise(setImmediate);
          if (session === old) throw ended;
        }),
      ),
    ),
  );
  t.equal(count, 1);
});

t.test('other errors are neither repeated nor changed into something else', async (t) => {
  const sessions = newSessions();
  let runs = 0;
  const failing = (error: Error) =>
    sessions.use(mode2, START, 'PutObject', async () => {
      runs++;
      throw error;
    });
  const denied = Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  await t.rejects(failing(denied), { name: 'CloudError', problem: 'denied' });
  const defect = new TypeError('a defect');
  await t.rejects(failing(defect), defect);
  t.equal(runs, 2);
});
