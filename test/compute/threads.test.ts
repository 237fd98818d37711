import t from 'tap';
import { WorkerError } from '../../compute/errors.ts';
import { hashes, scanOf } from './helpers/repeated-scan.ts';
import { run, taskDocument } from './helpers/run.ts';

t.test('U18: the same bytes on one thread and on many', async (t) => {
  const many = { signal: scanOf({ slices: 3 }) };
  const single = { signal: scanOf() };
  const cases = [
    { scans: many, threads: [2, 4], task: taskDocument({ name: 'pmr', options: { NR: 40 } }) },
    {
      scans: single,
      threads: [3],
      task: taskDocument({
        name: 'cr',
        recon: 'grappa',
        options: { NR: 33, boxSize: 5, replicaMode: 'exact' },
        reconOptions: { decimate: true, accelerations: [1, 2], acl: [16, 16] },
      }),
    },
    {
      scans: { signal: scanOf({ slices: 2, repetitions: 5 }) },
      threads: [2],
      task: taskDocument({ name: 'mr' }),
    },
    { scans: many, threads: [2], task: taskDocument() },
  ];
  for (const { scans, task, threads } of cases) {
    const one = hashes(await run(scans, { task, threads: 1 }));
    t.ok(Object.keys(one).length >= 3, task.name);
    for (const count of threads) {
      t.same(hashes(await run(scans, { task, threads: count })), one, `${task.name}: ${count} threads`);
    }
  }
});

t.test('progress goes up and tells the time that is left', async (t) => {
  let now = 0;
  const { progress } = await run(
    { signal: scanOf({ slices: 2 }) },
    {
      task: taskDocument({ name: 'pmr', options: { NR: 64, replicaMode: 'exact' } }),
      threads: 2,
      clock: () => (now += 700),
    },
  );
  const fractions = progress.map(({ fraction }) => fraction);
  t.same(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
  const messages = progress.filter(({ step }) => step === 'reconstruct').map(({ message }) => message);
  t.ok(messages.length >= 10, `${messages.length} reports`);
  t.ok(
    messages.some((message) => /^50 % of 2 slices with replicas, about \d+ s left$/.test(message)),
    messages.join(' | '),
  );
});

t.test('an abort ends the threads at once, with its reason', async (t) => {
  for (const threads of [1, 2]) {
    const stop = new AbortController();
    const started = Date.now();
    const running = run(
      { signal: scanOf() },
      {
        task: taskDocument({ name: 'pmr', options: { NR: 100_000, replicaMode: 'exact' } }),
        threads,
        signal: stop.signal,
        onProgress: ({ message }) => {
          if (message.includes('replicas')) stop.abort(new WorkerError('canceled', 'The job was canceled.'));
        },
      },
    );
    await t.rejects(running, { code: 'canceled', message: 'The job was canceled.' });
    t.ok(Date.now() - started < 15_000, `${threads} threads`);
  }
});

t.test('what fails on a thread fails the run with its own code', async (t) => {
  // A kernel larger than the calibration block is found out by the thread that reconstructs.
  const task = taskDocument({
    name: 'pmr',
    recon: 'grappa',
    options: { NR: 64 },
    reconOptions: { decimate: true, accelerations: [1, 2], acl: [4, 4], kernelSize: [12, 12] },
  });
  const failure = async (threads: number): Promise<WorkerError> => {
    const error = await run({ signal: scanOf() }, { task, threads }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error as WorkerError;
  };
  const [one, two] = [await failure(1), await failure(2)];
  t.ok(one instanceof WorkerError && two instanceof WorkerError);
  t.same([two.code, two.message, two.remedy], [one.code, one.message, one.remedy]);
});
