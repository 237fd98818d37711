/** The job form: whatever it sends, the worker understands; options that do not belong together are never sent. */
import t from 'tap';
import { planRun } from '../../compute/plan.ts';
import { parseTask } from '../../compute/task.ts';
import { bodyOf, problemsOf } from '../../console/task/body.ts';
import { METHODS, RECONS } from '../../console/task/choices.ts';
import { EMPTY, type FileChoice, type JobForm, PRESETS } from '../../console/task/form.ts';

const file = (name: string): FileChoice => ({
  id: name,
  filename: name,
  bucket: 'b',
  key: `mroptimum/u/${name}`,
});
const READY: JobForm = { ...EMPTY, unitId: 'unit', signal: file('signal.dat') };

t.test(
  'every method with every reconstruction is a task that the worker plans without a warning',
  async (t) => {
    for (const { value: method } of METHODS) {
      for (const { value: recon } of RECONS) {
        for (const decimate of [true, false]) {
          const all = { coilsensitivity: true, gfactor: true, matlab: true };
          const form = { ...READY, method, recon, decimate, mask: 'percentage' as const, output: all };
          t.same(problemsOf(form), [], `${method} ${recon}`);
          const { task, output } = bodyOf(form);
          const parsed = parseTask(JSON.parse(JSON.stringify(task)));
          t.equal(parsed.method, method);
          t.equal(parsed.reconstruction, recon);
          t.same(planRun(parsed, output, 1).warnings, [], `${method} ${recon}`);
        }
      }
    }
  },
);

t.test('presets say what they promise', async (t) => {
  const tasks = Object.fromEntries(
    PRESETS.map(({ id, change }) => {
      const form = { ...READY, ...change };
      t.same(problemsOf(form), [], id);
      return [id, { parsed: parseTask(bodyOf(form).task), output: bodyOf(form).output }];
    }),
  );
  t.match(tasks['snr'].parsed, { method: 'ac', reconstruction: 'rss' });
  t.match(tasks['g2'].parsed, {
    reconstruction: 'sense',
    undersampling: { decimate: true, accelerations: [1, 2], acl: [24, 24] },
    sensitivity: { method: 'inneracl' },
  });
  t.equal(tasks['g2'].output.gfactor, true);
  t.match(tasks['grappa'].parsed, { method: 'pmr', reconstruction: 'grappa', replicas: { count: 100 } });
});

t.test('what is missing or impossible is said before anything is sent', async (t) => {
  t.same(problemsOf(EMPTY), ['Choose a computing unit.', 'Choose the signal file.']);
  t.same(problemsOf({ ...READY, ownNoise: false }), ['Choose the noise file.']);
  t.same(
    problemsOf({ ...READY, ownNoise: false, method: 'mr' }),
    [],
    'repetitions hold the noise themselves',
  );
  const sense = { ...READY, recon: 'sense' as const };
  t.equal(problemsOf({ ...sense, accelerations: [1, 2.5] }).length, 1);
  t.equal(problemsOf({ ...sense, accelerations: [1, undefined] }).length, 1);
  t.equal(problemsOf({ ...sense, calibration: 1 }).length, 1);
  t.equal(problemsOf({ ...READY, accelerations: [0, 0] }).length, 0, 'rss does not read them');
  t.same(problemsOf({ ...sense, sensitivity: 'bodycoil' }), ['Choose the scan of the body coil.']);
  t.same(problemsOf({ ...READY, method: 'pmr', replicas: 1 }), [
    'Replicas are a whole number of at least 2.',
  ]);
});

t.test('files stand where the worker looks for them', async (t) => {
  const form = {
    ...READY,
    ownNoise: false,
    noise: file('noise.dat'),
    recon: 'b1' as const,
    sensitivity: 'bodycoil' as const,
    bodyCoil: file('body.dat'),
    flipAngles: file('fa.nii.gz'),
    maxUsd: 0.5,
    alias: '  my job ',
  };
  const body = bodyOf(form);
  const parsed = parseTask(body.task);
  t.equal(parsed.noise?.options.filename, 'noise.dat');
  t.equal(parsed.sensitivity?.source?.options.filename, 'body.dat');
  t.equal(parsed.flipAngleMap?.options.filename, 'fa.nii.gz');
  t.equal(parsed.multiraid, false);
  t.match(body, { alias: 'my job', max_usd: 0.5, computing_unit_id: 'unit' });
});
