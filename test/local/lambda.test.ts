import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { AwsError, InvocationError } from '../../infra/local/contract.ts';
import { eventually } from '../helpers/eventually.ts';
import {
  credentialsFor,
  fixtureLambda,
  fixtureRegistry,
  isAlive,
  PROJECT,
  withoutTap,
} from './cloud-harness.ts';
import { ACCOUNT, functionArn } from './states-harness.ts';

const never = new AbortController().signal;

async function failure(
  promise: Promise<unknown>,
): Promise<{ name: string; type: string; message: string; trace: unknown }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof InvocationError)) throw error;
    const { errorType, errorMessage, trace } = JSON.parse(error.causeJson);
    return {
      name: error.errorName,
      type: errorType,
      message: errorMessage.replace(/RequestId: [0-9a-f-]{36}/, 'RequestId: X'),
      trace,
    };
  }
  throw new Error('the invocation succeeded');
}

t.test('a handler gets its event and the context of Lambda, and its result comes back', async (t) => {
  const lambda = fixtureLambda({ dir: t.testdir(), registry: fixtureRegistry() });
  t.teardown(() => lambda.close());
  const result = (await lambda.invoke(functionArn('echo'), { a: [1, null, 'ü'] }, never)) as {
    event: unknown;
    context: Record<string, unknown>;
    pid: number;
    cwd: string;
  };
  t.same(result.event, { a: [1, null, 'ü'] });
  t.match(result.context, {
    awsRequestId: /^[0-9a-f-]{36}$/,
    functionName: 'echo',
    functionVersion: '$LATEST',
    memoryLimitInMB: '256',
    invokedFunctionArn: functionArn('echo'),
  });
  const remaining = result.context.remaining as number;
  t.ok(remaining > 8000 && remaining <= 10_000, 'time left of 10 s');
  t.not(result.pid, process.pid, 'in a process of its own');
  t.equal(result.cwd, PROJECT);
  t.equal(await lambda.invoke(functionArn('synchronous'), { n: 41 }, never), 42);
  t.equal(await lambda.invoke(functionArn('nothing'), {}, never), null);
});

t.test(
  'a function sees its own environment, its role and the embedded cloud, and nothing of ours',
  async (t) => {
    const lambda = fixtureLambda({ dir: t.testdir(), registry: fixtureRegistry() });
    t.teardown(() => lambda.close());
    const env = (await lambda.invoke(functionArn('environment'), {}, never)) as Record<string, string>;
    const { PATH, ...rest } = withoutTap(env);
    t.match(PATH, /\/usr\/bin/);
    t.same(rest, {
      COLOUR: 'blue',
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_ACCESS_KEY_ID: 'ASIATEST',
      AWS_SECRET_ACCESS_KEY: 'secret of environment',
      AWS_SESSION_TOKEN: `arn:aws:iam::${ACCOUNT}:role/function-role for 3600 s`,
    });
  },
);

t.test('every way a function can fail has the name that Lambda gives it', async (t) => {
  const registry = fixtureRegistry({
    functions: {
      spins: { timeoutSeconds: 1 },
      noModule: { handler: 'test/fixtures/local/absent.ts#x' },
      outside: { handler: '../../etc/passwd#x' },
      noExport: { handler: 'test/fixtures/local/functions.ts#absent' },
    },
  });
  const lambda = fixtureLambda({ dir: t.testdir(), registry });
  t.teardown(() => lambda.close());
  const table: [name: string, payload: unknown, error: string, message: string | RegExp][] = [
    ['fails', { name: 'bad_options', message: 'no kernel' }, 'bad_options', 'no kernel'],
    ['throwsText', {}, 'string', 'just a text'],
    ['crashes', {}, 'TypeError', 'nobody caught this'],
    ['rejects', {}, 'Runtime.UnhandledPromiseRejection', 'nobody awaited this'],
    [
      'exits',
      { code: 3 },
      'Runtime.ExitError',
      'RequestId: X Error: Runtime exited with error: exit status 3',
    ],
    [
      'exits',
      { code: 0 },
      'Runtime.ExitError',
      'RequestId: X Error: Runtime exited without providing a reason',
    ],
    [
      'hoards',
      { mb: 600 },
      'Runtime.OutOfMemory',
      'RequestId: X Error: Runtime exited with error: signal: killed',
    ],
    ['spins', {}, 'Sandbox.Timedout', 'RequestId: X Error: Task timed out after 1.00 seconds'],
    ['noExport', {}, 'Runtime.HandlerNotFound', 'absent is undefined or not exported'],
    ['noModule', {}, 'Runtime.ImportModuleError', /there is no module/],
    ['outside', {}, 'Runtime.ImportModuleError', /outside of the project/],
    [
      'big',
      { bytes: 6 * 1024 * 1024 },
      'Function.ResponseSizeTooLarge',
      /exceeded maximum allowed payload size/,
    ],
  ];
  for (const [name, payload, error, message] of table) {
    t.match(
      await failure(lambda.invoke(functionArn(name), payload, never)),
      { name: error, type: error, message, trace: [] },
      `${name} -> ${error}`,
    );
  }
  t.equal(
    await lambda.invoke(functionArn('exits'), { code: 1 }, never).catch((e) => e.errorName),
    'Runtime.ExitError',
  );
  const ok = (await lambda.invoke(functionArn('big'), { bytes: 6 * 1024 * 1024 - 2 }, never)) as string;
  t.equal(ok.length, 6 * 1024 * 1024 - 2, 'the largest result passes');
});

t.test('a heap of V8 that overflows ends as out of memory or as an abort, never as a result', async (t) => {
  const registry = fixtureRegistry({ functions: { fillsHeap: { memoryMb: 64, timeoutSeconds: 30 } } });
  const lambda = fixtureLambda({ dir: t.testdir(), registry });
  t.teardown(() => lambda.close());
  const { name, message } = await failure(lambda.invoke(functionArn('fillsHeap'), {}, never));
  t.match(`${name} ${message}`, /Runtime\.(OutOfMemory .*signal: killed|ExitError .*signal: aborted)/);
});

t.test('what cannot be invoked is refused with the error of the Lambda API', async (t) => {
  const registry = fixtureRegistry();
  const lambda = fixtureLambda({ dir: t.testdir(), registry });
  t.teardown(() => lambda.close());
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error) => error.errorName,
    );
  t.equal(
    await refusal(lambda.invoke(functionArn('missing'), {}, never)),
    'Lambda.ResourceNotFoundException',
  );
  const large = 'x'.repeat(6 * 1024 * 1024);
  t.equal(await refusal(lambda.invoke(functionArn('echo'), large, never)), 'Lambda.RequestTooLargeException');
  const untrusted = fixtureLambda({
    dir: t.testdir(),
    registry,
    credentialsFor: () => {
      throw new AwsError('AccessDenied', 'lambda.amazonaws.com is not authorized to assume the role', 403);
    },
  });
  t.teardown(() => untrusted.close());
  t.equal(await refusal(untrusted.invoke(functionArn('echo'), {}, never)), 'Lambda.AWSLambdaException');
});

t.test('one invocation at a time per process, two processes per function, the rest in order', async (t) => {
  const lambda = fixtureLambda({ dir: t.testdir(), registry: fixtureRegistry() });
  t.teardown(() => lambda.close());
  const ended: number[] = [];
  const runs = await Promise.all(
    [0, 1, 2, 3, 4].map(async (i) => {
      const run = (await lambda.invoke(functionArn('slow'), { ms: 600 }, never)) as {
        began: number;
        ended: number;
        pid: number;
      };
      ended.push(i);
      return run;
    }),
  );
  const pids = [...new Set(runs.map((run) => run.pid))];
  t.equal(pids.length, 2, 'two processes');
  for (const pid of pids) {
    const own = runs.filter((run) => run.pid === pid).sort((a, b) => a.began - b.began);
    for (let i = 1; i < own.length; i++) t.ok(own[i].began >= own[i - 1].ended, 'one after the other');
  }
  t.ok(ended.indexOf(4) >= 3, 'the last one asked was not served before its turn');
  const again = (await lambda.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number };
  t.ok(pids.includes(again.pid), 'a warm process serves again');
});

t.test('an aborted invocation ends its process, one that waits just leaves the queue', async (t) => {
  const lambda = fixtureLambda({ dir: t.testdir(), registry: fixtureRegistry(), concurrency: 1 });
  t.teardown(() => lambda.close());
  const before = (await lambda.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number };
  const stop = new AbortController();
  const stopWaiting = new AbortController();
  const running = lambda.invoke(functionArn('slow'), { ms: 60_000 }, stop.signal);
  const waiting = lambda.invoke(functionArn('slow'), { ms: 1 }, stopWaiting.signal);
  const patient = lambda.invoke(functionArn('slow'), { ms: 1 }, never);
  stopWaiting.abort(new Error('no longer wanted'));
  await t.rejects(waiting, { message: 'no longer wanted' });
  stop.abort(new Error('stopped'));
  await t.rejects(running, { message: 'stopped' });
  const after = (await patient) as { pid: number };
  t.not(after.pid, before.pid, 'served by a new process');
  await t.rejects(lambda.invoke(functionArn('slow'), {}, AbortSignal.abort(new Error('too late'))), {
    message: 'too late',
  });
  stop.abort();
  t.equal(
    ((await lambda.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number }).pid,
    after.pid,
    'an old signal does not reach later invocations',
  );
});

t.test(
  'a process is replaced before its credentials end, after a change of its function, and when idle',
  async (t) => {
    let now = Date.now();
    let registry = fixtureRegistry({ functions: { slow: { timeoutSeconds: 60 } } });
    const lambda = fixtureLambda({
      dir: t.testdir(),
      registry: { ...registry, function: (arn) => registry.function(arn) },
      clock: () => now,
      credentialsFor: (role, session, seconds) => ({
        ...credentialsFor(role, session, seconds),
        expiresAt: now + seconds * 1000,
      }),
      concurrency: 1,
    });
    t.teardown(() => lambda.close());
    const pid = async () =>
      ((await lambda.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number }).pid;
    const first = await pid();
    now += (3600 - 121) * 1000;
    t.equal(await pid(), first, 'while its credentials last for a whole invocation');
    now += 2000;
    const second = await pid();
    t.not(second, first, 'not when they might end within one');
    registry = fixtureRegistry({ functions: { slow: { timeoutSeconds: 61 } } });
    t.not(await pid(), second, 'not after the function was changed');

    const hasty = fixtureLambda({ dir: t.testdir(), registry, idleMs: 40 });
    t.teardown(() => hasty.close());
    const one = (await hasty.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number };
    await eventually(() => !isAlive(one.pid));
    const two = (await hasty.invoke(functionArn('slow'), { ms: 1 }, never)) as { pid: number };
    t.not(two.pid, one.pid, 'an idle process ends');
  },
);

t.test('a prewarmed function answers without the start of a process', async (t) => {
  const registry = fixtureRegistry({ functions: { noModule: { handler: 'test/absent.ts#x' } } });
  const lambda = fixtureLambda({ dir: t.testdir(), registry });
  t.teardown(() => lambda.close());
  lambda.prewarm(functionArn('echo'));
  for (const name of ['missing', 'noModule']) t.doesNotThrow(() => lambda.prewarm(functionArn(name)));
  const pids = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const { pid } = (await lambda.invoke(functionArn('echo'), {}, never)) as { pid: number };
    pids.add(pid);
  }
  t.equal(pids.size, 1, 'all by the one process that was there');
});

t.test('output goes to a log of the function, which is rotated and never reaches our console', async (t) => {
  const dir = t.testdir();
  const lambda = fixtureLambda({ dir, registry: fixtureRegistry() });
  await lambda.invoke(functionArn('talks'), { text: 'hello from inside' }, never);
  const file = join(dir, 'logs', 'lambda', ACCOUNT, 'talks.log');
  t.ok(existsSync(file));
  for (let i = 0; i < 9; i++) await lambda.invoke(functionArn('talks'), { text: 'y'.repeat(500_000) }, never);
  await eventually(() => existsSync(`${file}.1`));
  await lambda.close();
  const text = readFileSync(`${file}.1`, 'utf8');
  t.match(text, /START RequestId: [0-9a-f-]{36} Version: \$LATEST/);
  t.match(text, /hello from inside\n/);
  t.match(text, /error: hello from inside\n/);
  t.match(text, /REPORT RequestId: [0-9a-f-]{36}\tDuration: \d+ ms\tStatus: success/);
});
