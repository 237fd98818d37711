import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseTask } from '../../compute/task.ts';
import { taskDocument } from './helpers/run.ts';

const jobs = JSON.parse(
  readFileSync(new URL('../fixtures/webgui-jobs.json', import.meta.url), 'utf8'),
) as Record<string, { task: unknown }>;

t.test('all bodies that the web GUI posts are understood', async (t) => {
  t.equal(Object.keys(jobs).length, 22);
  for (const [name, { task }] of Object.entries(jobs)) {
    const parsed = parseTask(task);
    const [method, reconstruction] = name.split('-');
    t.match(parsed, { method, reconstruction }, name);
    t.equal(parsed.signal.options.filename, 'BrainSingleSliceSignal.dat');
  }
  t.match(parseTask(jobs['ac-rss-multiraid'].task), { multiraid: true, noise: undefined });
  t.match(parseTask(jobs['ac-rss-fa'].task), { flipAngleMap: { options: { filename: 'famap.nii.gz' } } });
  t.match(parseTask(jobs['ac-b1-espirit'].task).sensitivity, {
    method: 'inner',
    mask: { method: 'espirit', k: 8, r: 24, t: 0.01, c: 0.995 },
  });
  t.match(parseTask(jobs['ac-sense-decimate-acl24-gfactor'].task), {
    sensitivity: { method: 'inneracl' },
    undersampling: { decimate: true, accelerations: [2, 3], acl: [24, 24] },
  });
  t.match(parseTask(jobs['pmr-grappa-acl24'].task), {
    replicas: { count: 20, boxSize: 9 },
    undersampling: { kernelSize: [3, 4] },
  });
});

t.test('names decide, in any case; stale and foreign fields are left alone', async (t) => {
  const stale = {
    ...taskDocument({ name: ' AC ', recon: 'RSS', options: { NR: 0, boxSize: null, extra: 1 } }),
    id: 3,
  };
  t.match(parseTask(stale), {
    method: 'ac',
    reconstruction: 'rss',
    replicas: undefined,
    biasCorrection: false,
  });
  t.ok(parseTask(taskDocument({ options: { NR: 'left over' } })), 'not read by this method');
  t.match(parseTask(taskDocument({ name: 'PMR', options: { NR: 0, boxSize: null } })).replicas, {
    count: 20,
    boxSize: 9,
  });
  const odd = taskDocument({ reconOptions: { sensitivityMap: 'nonsense', accelerations: 'too' } });
  t.match(parseTask(odd), { sensitivity: undefined, undersampling: undefined }, 'RSS reads neither');
});

t.test('every spelling of a mask', async (t) => {
  const maskOf = (mask: unknown) =>
    parseTask(taskDocument({ recon: 'b1', reconOptions: { sensitivityMap: { options: { mask } } } }))
      .sensitivity?.mask;
  for (const none of [undefined, null, false, 'no', 'keep', { method: 'zero' }, { method: 'No' }])
    t.same(maskOf(none), { method: 'no' });
  t.same(maskOf('reference'), { method: 'reference' });
  t.same(maskOf({ method: 'Percentage', value: 20 }), { method: 'percentage', value: 20 });
  t.same(maskOf('espirit'), { method: 'espirit', k: 8, r: 24, t: 0.01, c: 0.995 });
  t.match(maskOf({ method: 'upload', file: { options: { filename: 'm.nii' } } }), {
    method: 'upload',
    file: { options: { filename: 'm.nii' } },
  });
  t.throws(() => maskOf('guess'), { code: 'bad_options', message: /sensitivityMap\.options\.mask\.method/ });
});

t.test('our own options are read at both places', async (t) => {
  t.match(parseTask(taskDocument({ options: { biasCorrection: true, seed: 5, platform: 'Fargate' } })), {
    biasCorrection: true,
    seed: 5,
    platform: 'fargate',
  });
  t.match(parseTask(taskDocument({ reconOptions: { rssUnweighted: true } })), { rssUnweighted: true });
  t.equal(parseTask(taskDocument({ options: { platform: 'auto' } })).platform, undefined);
});

t.test('what is wrong is refused with the path of the field', async (t) => {
  const recon = 'task.options.reconstructor';
  const cases: [unknown, string][] = [
    [null, 'task:'],
    ['task', 'task:'],
    [{}, 'task.version:'],
    [{ ...taskDocument(), version: 'v1' }, 'task.version:'],
    [{ ...taskDocument(), acquisition: 3 }, 'task.acquisition:'],
    [taskDocument({ name: 'magic' }), 'task.name:'],
    [taskDocument({ recon: 'magic' }), `${recon}.name:`],
    [{ ...taskDocument(), options: {} }, `${recon}:`],
    [taskDocument({ reconOptions: { signal: undefined } }), `${recon}.options.signal:`],
    [
      taskDocument({ reconOptions: { signal: { options: { filename: 7 } } } }),
      `${recon}.options.signal.options.filename:`,
    ],
    [taskDocument({ name: 'pmr', options: { NR: -1 } }), 'task.options.NR:'],
    [taskDocument({ name: 'cr', options: { boxSize: 2.5 } }), 'task.options.boxSize:'],
    [
      taskDocument({ recon: 'sense', reconOptions: { accelerations: [2, 0] } }),
      `${recon}.options.accelerations[1]:`,
    ],
    [taskDocument({ recon: 'grappa', reconOptions: { kernelSize: [3] } }), `${recon}.options.kernelSize:`],
    [taskDocument({ options: { seed: -3 } }), 'task.options.seed:'],
    [taskDocument({ options: { platform: 'moon' } }), 'task.options.platform:'],
    [
      taskDocument({ reconOptions: { correction: { useCorrection: true } } }),
      `${recon}.options.correction.faCorrection:`,
    ],
  ];
  for (const [document, path] of cases) {
    try {
      parseTask(document);
      t.fail(`accepted: ${path}`);
    } catch (error) {
      t.equal((error as { code: string }).code, 'bad_options');
      t.ok((error as Error).message.startsWith(path), `${(error as Error).message} at ${path}`);
    }
  }
});
