/** `npm run demo` as a person or a script has it: its table, its last line, its exit code. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readArguments } from '../../infra/local/demo/arguments.ts';
import { leftBehind, place, runDemo } from '../helpers/demo.ts';

const RAW = join(import.meta.dirname, '../fixtures/raw');

t.test(
  'the phantom in both modes: a row each, within 1 % of the truth, maps and pictures where it says',
  async (t) => {
    const where = place(t);
    const { code, lines, stderr } = await runDemo(where, []);
    t.equal(code, 0, stderr);
    const head = lines.findIndex((line) => line.startsWith('job '));
    t.match(lines[head], /^job +mode +account +platform +seconds +median SNR +deviation from truth$/);
    for (const [row, mode, account] of [
      [lines[head + 2], 'mode_1', '111111111111'],
      [lines[head + 3], 'mode_2', '222222222222'],
    ]) {
      const cells = row.split(/ {2,}/);
      t.same(cells.slice(0, 4), ['AC RSS', mode, account, 'lambda']);
      t.ok(Math.abs(Number(cells[5]) - 61) < 1, `median SNR ${cells[5]}`);
      t.ok(Math.abs(Number.parseFloat(cells[6])) < 1, `deviation ${cells[6]}`);
      t.ok(existsSync(join(where.out, mode, 'data/SNR.nii.gz')));
      t.ok(existsSync(join(where.out, mode, 'SNR.png')));
    }
    t.ok(lines.some((line) => line.includes(join(where.out, 'mode_2/data/SNR.nii.gz'))));
    t.same(leftBehind(where), []);
  },
);

t.test(
  'jobs that fail: reasons on stderr, a non-zero exit, and still one JSON document with both',
  async (t) => {
    const where = place(t);
    const { code, lines, stderr } = await runDemo(where, ['--signal', join(RAW, 'epi.dat'), '--json']);
    t.equal(code, 1);
    t.match(stderr, /mode_1: the job failed: unsupported_sequence: .*\n.*mode_2: the job failed/);
    t.equal(lines.length, 1);
    const { jobs } = JSON.parse(lines[0]);
    t.match(
      jobs,
      ['mode_1', 'mode_2'].map((mode) => ({
        mode,
        status: 'failed',
        medianSnr: null,
        deviation: null,
        nifti: null,
        png: null,
        zip: join(where.out, mode, 'failure.zip'),
        failure: { code: 'unsupported_sequence', actor: 'user' },
      })),
    );
    for (const { zip } of jobs) t.ok(existsSync(zip));
  },
);

t.test('what cannot work is refused before anything is started', async (t) => {
  for (const [args, reason] of [
    [['--signal', join(RAW, 'none.h5')], /there is no file .*none\.h5/],
    [['--signal', RAW], /there is no file/],
    [['--noise', join(RAW, 'noise.dat')], /--noise goes with --signal/],
    [['--mode', 'mode_3'], /--mode must be mode_1 or mode_2/],
  ] as const) {
    t.throws(() => readArguments([...args]), { message: reason });
  }
  const { code, lines, stderr } = await runDemo(place(t), ['--jsn']);
  t.equal(code, 1);
  t.match(stderr, /^demo failed: Unknown option '--jsn'/m);
  t.same(lines, [''], 'no word of a start');
});
