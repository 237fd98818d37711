import t from 'tap';
import {
  estimateRun,
  FARGATE_SIZES,
  LAMBDA,
  LARGEST_LAMBDA_INPUT,
  type RunFacts,
} from '../../compute/platform.ts';
import { taskDocument } from './helpers/run.ts';

const MIB = 2 ** 20;
const espirit = { sensitivityMap: { options: { mask: { method: 'ESPIRiT' } } } };
const twofold = { decimate: true, accelerations: [1, 2], acl: [24, 24] };

/** Facts of a file of so many MiB with one signal. */
const file = (mib: number, more: Partial<RunFacts> = {}): RunFacts => ({
  inputBytes: mib * MIB,
  signalBytes: mib * MIB,
  ...more,
});
const slices = (count: number): Partial<RunFacts> => ({ coils: 32, columns: 256, lines: 256, slices: count });

t.test('the choice as a table', async (t) => {
  const cases: [what: string, task: unknown, facts: RunFacts, name: string, reason: RegExp][] = [
    ['small and analytic', taskDocument(), file(5), 'lambda', /small enough/],
    ['no file', taskDocument(), file(0), 'lambda', /small/],
    ['at the limit', taskDocument(), file(LARGEST_LAMBDA_INPUT / MIB), 'lambda', /small/],
    ['beyond the limit', taskDocument(), file(LARGEST_LAMBDA_INPUT / MIB + 1), 'fargate', /1025 MiB/],
    [
      'some pseudo replicas',
      taskDocument({ name: 'PMR', options: { NR: 128 } }),
      file(67),
      'lambda',
      /small/,
    ],
    [
      'replicas for an hour',
      taskDocument({ name: 'pmr', options: { NR: 20_000, replicaMode: 'exact' } }),
      file(536, slices(16)),
      'fargate',
      /minutes on Lambda/,
    ],
    ['a few general replicas', taskDocument({ name: 'cr' }), file(67), 'lambda', /small/],
    ['GRAPPA', taskDocument({ recon: 'grappa', reconOptions: twofold }), file(67), 'lambda', /small/],
    [
      'GRAPPA on all lines of many slices',
      taskDocument({ recon: 'grappa', reconOptions: { ...twofold, acl: [null, null] } }),
      file(1000, { ...slices(100), coils: 64 }),
      'fargate',
      /minutes/,
    ],
    ['ESPIRiT', taskDocument({ recon: 'espirit' }), file(67), 'lambda', /small/],
    [
      'ESPIRiT masks of a large volume of 64 coils',
      taskDocument({ recon: 'b1', reconOptions: espirit }),
      file(1000, { coils: 64, columns: 512, lines: 512, slices: 100 }),
      'fargate',
      /minutes|memory/,
    ],
    ['a wish for Fargate', taskDocument({ options: { platform: 'fargate' } }), file(1), 'fargate', /asked/],
    ['a wish for Lambda', taskDocument({ options: { platform: 'lambda' } }), file(1e6), 'lambda', /asked/],
    ['no task name', {}, file(0), 'lambda', /refused/],
    ['null options', { ...taskDocument(), options: null }, file(1e6), 'lambda', /refused/],
    ['nothing', undefined, file(0), 'lambda', /refused/],
  ];
  for (const [what, task, facts, platform, reason] of cases) {
    const estimate = estimateRun(facts, task);
    t.match(estimate, { platform, reason }, what);
    t.ok(estimate.seconds > 0 && Number.isFinite(estimate.seconds), `${what}: ${estimate.seconds} s`);
    t.ok(estimate.memoryMb >= 100 && Number.isFinite(estimate.memoryMb), `${what}: ${estimate.memoryMb} MiB`);
    const sizes = platform === 'lambda' ? [LAMBDA] : FARGATE_SIZES;
    t.ok(sizes.includes(estimate.size), `${what}: a size that exists`);
  }
});

t.test('the size grows with the work, and no further than it helps', async (t) => {
  const task = (NR: number) =>
    taskDocument({ name: 'pmr', options: { NR, replicaMode: 'exact', platform: 'fargate' } });
  const sizeFor = (NR: number) => estimateRun(file(536, slices(16)), task(NR)).size.vcpu;
  t.same([10, 2000, 4000, 100_000].map(sizeFor), [2, 4, 8, 16]);
  const heavy = taskDocument({ options: { platform: 'fargate' } });
  const { size, memoryMb } = estimateRun(
    file(20_000, { coils: 64, columns: 1024, lines: 1024, slices: 200 }),
    heavy,
  );
  t.ok(size.memoryMb >= 1.5 * memoryMb, `${memoryMb} MiB in ${size.memoryMb}`);
});

t.test('more of anything never takes less', async (t) => {
  const base = { coils: 16, columns: 128, lines: 128, slices: 4, repetitions: 1 };
  const task = taskDocument({ name: 'pmr', recon: 'grappa', options: { NR: 50 }, reconOptions: twofold });
  const seconds = (facts: Partial<RunFacts>) => estimateRun(file(100, { ...base, ...facts }), task).seconds;
  for (const name of ['coils', 'columns', 'lines', 'slices'] as const) {
    t.ok(seconds({ [name]: 2 * base[name] }) > seconds({}), name);
  }
  t.ok(estimateRun(file(200, base), task).seconds > seconds({}), 'bytes');
  const repeated = taskDocument({ name: 'mr' });
  const of = (repetitions: number) => estimateRun(file(100, { ...base, repetitions }), repeated).seconds;
  t.ok(of(10) > of(1), 'repetitions');
});

t.test('what was measured on one scan of 16 coils is met within a factor of two', async (t) => {
  // CPU seconds of fresh processes on one thread (bench/snr/calibrate.ts), here with the two threads of a Lambda.
  const facts = file(33.5 + 2, { coils: 16, columns: 256, lines: 256, slices: 2 });
  const measured: [task: unknown, seconds: number][] = [
    [taskDocument(), 1.5],
    [taskDocument({ recon: 'grappa', reconOptions: twofold }), 2],
    [taskDocument({ name: 'pmr', options: { NR: 128, replicaMode: 'exact' } }), 2.6],
  ];
  const around = 2 + facts.inputBytes / (80 * MIB);
  for (const [task, seconds] of measured) {
    const estimate = estimateRun(facts, task).seconds - around;
    t.ok(estimate / seconds > 0.5 && estimate / seconds < 2, `${estimate} s, measured ${seconds} s`);
  }
});
