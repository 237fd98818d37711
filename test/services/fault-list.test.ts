/** Every fault of the list F1-F36 has scenarios of its own number, at least one of them on the embedded cloud. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

/** What each fault is, as the list of the project's design says it. */
const FAULTS: Readonly<Record<string, string>> = {
  F1: 'a client repeats a submit',
  F2: 'the same key, another body',
  F3: 'two submits at once under one key',
  F4: 'the broker dies before StartExecution',
  F5: 'StartExecution times out after its effect',
  F6: 'ExecutionAlreadyExists',
  F7: 'StartExecution is throttled',
  F8: 'AssumeRole is denied',
  F9: 'a session ends in the midst of an operation',
  F10: 'a callback is lost',
  F11: 'a callback comes twice',
  F12: 'a callback comes before StartExecution returned',
  F13: 'callbacks come in the wrong order',
  F14: 'the callback says ok, Step Functions says failed',
  F15: 'succeeded, and no result object',
  F16: 'failed, and there is a result object',
  F17: 'the result is truncated or corrupt',
  F18: 'Lambda: time-out, memory',
  F19: 'Fargate: no capacity, quota',
  F20: 'the image cannot be pulled',
  F21: 'the platform kills a task',
  F22: 'the stack is deleted in the midst of a job',
  F23: 'cancel: queued, running, just finished',
  F24: 'StopExecution is ok, and the task survives',
  F25: 'the database is throttled or down',
  F26: 'conditional writes conflict',
  F27: 'the reconciler runs twice at once',
  F28: 'the reconciler was down for a day',
  F29: 'the history of an execution is gone',
  F30: 'clocks differ',
  F31: 'a webhook receiver is down for three days',
  F32: 'a link is asked for as the session ends',
  F33: 'an outage of a region',
  F34: 'a new version of the broker in the midst of a job',
  F35: 'a new image in the midst of a job',
  F36: 'a poison job',
};

/** What starts the embedded cloud, or a table of it, for a test. */
const ON_CLOUD =
  /from '[./]+(?:helpers\/(?:cloud|brain|http|laptop|trust|webhooks|whole-broker)|bench\/drill\/place)\.ts'/;

/** Titles of tests, with the numbers they are for: `F11, F13: ...`, also after numbers of other lists. */
function titles(): { file: string; title: string; onCloud: boolean }[] {
  const root = resolve(import.meta.dirname, '..');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(test|soak)\.[jt]s$/.test(name) && !name.includes('fault-list'))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(/\.test\(\s*(['"`])((?:(?!\1).)+)\1/gs)].map(([, , title]) => ({
        file,
        title,
        onCloud: ON_CLOUD.test(text),
      }));
    });
}

t.test('each has a scenario that is named by its number', async (t) => {
  const found = titles();
  for (const [number, what] of Object.entries(FAULTS)) {
    const numbered = new RegExp(`^[^:]*\\b${number}\\b[^:]*:`);
    const scenarios = found.filter(({ title }) => numbered.test(title));
    t.ok(scenarios.length > 0, `${number}, ${what}: ${scenarios.map(({ file }) => file).join(', ')}`);
    t.ok(
      scenarios.some(({ file, onCloud }) => onCloud && file.endsWith('.test.ts')),
      `${number} on the embedded cloud, in every run of the tests`,
    );
  }
  t.equal(Object.keys(FAULTS).length, 36);
});
