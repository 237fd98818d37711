import { availableParallelism } from 'node:os';
import t from 'tap';
import { planRun } from '../../compute/plan.ts';
import { parseTask } from '../../compute/task.ts';
import { threadsFor } from '../../compute/threads/thread-count.ts';
import { taskDocument } from './helpers/run.ts';

function threads(
  document: Parameters<typeof taskDocument>[0],
  { asked, slices = 1, coils = 16, pixels = 256 * 256 }: Record<string, number | undefined> = {},
): number {
  const output = { coilsensitivity: false, gfactor: false, matlab: false };
  const plan = planRun(parseTask(taskDocument(document)), output, 1);
  const pieces = plan.method.pieces(plan.options);
  return threadsFor(asked, plan, { slices: slices ?? 1, pieces, coils: coils ?? 16, pixels: pixels ?? 1 });
}

const ALL = availableParallelism();

t.test('work that one thread does in less than a second stays on one', async (t) => {
  t.equal(threads({ name: 'ac' }, { slices: 64, coils: 32 }), 1, 'reading takes longer than plain images');
  t.equal(threads({ name: 'pmr', options: { NR: 128 } }), 1, 'fast replicas');
  t.equal(threads({ name: 'pmr', recon: 'sense', options: { NR: 20 } }, { pixels: 1000 }), 1);
});

t.test('more goes to all threads of the machine, as far as there is work for them', async (t) => {
  t.equal(threads({ name: 'pmr', options: { NR: 128, replicaMode: 'exact' } }), Math.min(ALL, 8));
  t.equal(threads({ name: 'pmr', options: { NR: 128 } }, { slices: 64 }), ALL);
  t.equal(threads({ name: 'ac', recon: 'grappa' }, { slices: 30 }), Math.min(ALL, 30));
});

t.test('what is asked for counts, but there are never more threads than pieces', async (t) => {
  t.equal(threads({ name: 'ac' }, { asked: 4 }), 1);
  t.equal(threads({ name: 'ac' }, { asked: 4, slices: 3 }), 3);
  t.equal(threads({ name: 'pmr', options: { NR: 100, replicaMode: 'exact' } }, { asked: 16 }), 7);
  t.equal(threads({ name: 'pmr', options: { NR: 1000, replicaMode: 'exact' } }, { asked: 1 }), 1);
});
