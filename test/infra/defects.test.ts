/** B6: the table of defects names every one of them, and tests that exist. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { mode2, templateOf } from './helpers/templates.ts';

const ROOT = new URL('../../', import.meta.url);
const table = readFileSync(new URL('infra/DEFECTS.md', ROOT), 'utf8');
const rows = [...table.matchAll(/^\| ([MU]\d+) \|.*\| "([^"]+)" \|$/gm)].map(([, id, title]) => ({
  id,
  title,
}));
const asl = JSON.parse(readFileSync(new URL('infra/state-machine/job.asl.json', ROOT), 'utf8'));

t.test('M1-M30 and U1-U18 are answered, each by a test that is there', async (t) => {
  const numbers = (letter: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  t.same(
    rows.map(({ id }) => id),
    [...numbers('M', 30), ...numbers('U', 18)],
  );
  const names = readdirSync(new URL('test/', ROOT), { recursive: true, encoding: 'utf8' });
  const tests = names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('defects.test.ts'))
    .map((name) => readFileSync(new URL(`test/${name}`, ROOT), 'utf8'))
    .join('\n');
  const own = readFileSync(new URL('test/infra/defects.test.ts', ROOT), 'utf8');
  t.same(
    rows.filter(({ title }) => !tests.includes(title) && !own.includes(`t.test('${title}`)),
    [],
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
