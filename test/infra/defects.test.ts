/** B6: the table of defects names every one of them, and for each a test that is there and asserts. */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { mode2, REQUIRED, templateOf } from './helpers/templates.ts';
import { type FoundTest, testsOf } from './helpers/test-titles.ts';

const ROOT = new URL('../../', import.meta.url);
const table = readFileSync(new URL('infra/DEFECTS.md', ROOT), 'utf8');
const rows = table
  .split('\n')
  .filter((line) => /^\| [MU]\d/.test(line))
  .map((line) => /^\| ([MU]\d+) \| \S.* \| \S.* \| `([^`]+)` "(.+)" \|$/.exec(line) ?? [line]);
const asl = JSON.parse(readFileSync(new URL('infra/state-machine/job.asl.json', ROOT), 'utf8'));

t.test('M1-M30 and U1-U18 are answered, each by a test that is there and asserts', async (t) => {
  const numbers = (letter: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  t.same(
    rows.map(([, id]) => id),
    [...numbers('M', 30), ...numbers('U', 18)],
  );
  const files = new Map<string, FoundTest[]>();
  for (const [, id, file, title] of rows) {
    const path = new URL(file, ROOT);
    if (!t.ok(/^test\/.*\.(test|soak)\.ts$/.test(file) && existsSync(path), `${id}: ${file}`)) continue;
    if (!files.has(file)) files.set(file, testsOf(path));
    const found = files.get(file)?.filter((test) => test.title === title) ?? [];
    t.equal(found.length, 1, `${id}: "${title}" stands once in ${file}`);
    t.ok(found[0]?.assertions > 0, `${id}: and asserts`);
    t.notOk(found[0]?.skipped, `${id}: and is not left out`);
  }
});

t.test('M2, M3: the role trusts what is registered, one ARN and one external ID', async (t) => {
  const { resources } = mode2();
  const { AssumeRolePolicyDocument } = resources['CloudMRCrossAccountRole'].Properties;
  t.same((AssumeRolePolicyDocument as { Statement: object[] }).Statement, [
    {
      Effect: 'Allow',
      Principal: { AWS: REQUIRED.BrokerRoleArn },
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      Condition: { StringEquals: { 'sts:ExternalId': REQUIRED.ExternalId } },
    },
  ]);
  t.match(resources['ComputingUnit'].Properties, { Unit: { externalId: REQUIRED.ExternalId } });
});

t.test('M25: tasks run on Fargate as such; nothing offers Spot', async (t) => {
  t.equal(asl.States.RunOnFargate.Parameters.LaunchType, 'FARGATE');
  t.notMatch(
    JSON.stringify([asl, templateOf('mode2-deployment/template-mode2.yaml')]),
    /SPOT|CapacityProvider/i,
  );
});

t.test('every runtime is one that can be created', async (t) => {
  const { resources } = mode2();
  const runtimes = Object.values(resources).flatMap(
    ({ Properties }) => (Properties['Runtime'] as string) ?? [],
  );
  t.same([...new Set(runtimes)], ['nodejs22.x']);
});

t.test('every path ends in time: retries, catches and limits', async (t) => {
  t.ok(asl.TimeoutSeconds);
  for (const [name, state] of Object.entries<Record<string, unknown>>(asl.States)) {
    if (state['Type'] !== 'Task') continue;
    t.ok(state['TimeoutSeconds'], `${name} has a limit`);
    t.ok(state['Retry'], `${name} is tried again`);
    const caught = (state['Catch'] as { ErrorEquals: string[] }[]).flatMap(({ ErrorEquals }) => ErrorEquals);
    t.ok(caught.includes('States.ALL'), `${name}: every error is caught`);
  }
});

t.test('the input of a task is a pointer', async (t) => {
  const [{ Environment }] = asl.States.RunOnFargate.Parameters.Overrides.ContainerOverrides;
  t.same(
    Environment.map(({ Name }: { Name: string }) => Name),
    ['JOB_BUCKET', 'JOB_KEY'],
  );
});

t.test('M29, M30: tagged, traced, logged; nothing is exported', async (t) => {
  const { resources } = mode2();
  t.match(resources['StateMachine'].Properties, {
    TracingConfiguration: { Enabled: true },
    LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
    Tags: [{ Key: 'App' }, { Key: 'CMRRole' }, { Key: 'CMRApp', Value: 'MR Optimum' }, { Key: 'Mode' }],
  });
  t.notMatch(JSON.stringify(templateOf('mode2-deployment/template-mode2.yaml')['Outputs']), /"Export"/);
});

t.test('U8: the defaults fit a new account', async (t) => {
  const { resources } = mode2();
  t.equal(resources['RunJobLambda'].Properties['MemorySize'], '3008');
  t.equal(resources['RunJobTaskDefinition'].Properties['Cpu'], '2048');
  for (const { Properties } of Object.values(resources)) t.notOk(Properties['ReservedConcurrentExecutions']);
});
