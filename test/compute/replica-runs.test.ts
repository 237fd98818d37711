import t from 'tap';
import { complexZeros } from '../../compute/array/complex.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { coilImages } from './helpers/coils.ts';
import { hashes, median, SHAPE, scanOf } from './helpers/repeated-scan.ts';
import { run, taskDocument } from './helpers/run.ts';
import { imageLines, memoryScan, noiseLines, normals } from './helpers/scan.ts';

t.test('the seed decides; slices do not share their noise', async (t) => {
  // Two slices of the same signal: the noise of their replicas must still differ.
  const [coils, ny, nx] = SHAPE;
  const lines = imageLines(centredFft(coilImages(SHAPE, { noise: 0 }), [1, 2], 'forward').data, SHAPE);
  const scan = memoryScan({ columns: nx, lines: ny, coils, header: { noiseBandwidthRatio: 1 } }, [
    ...noiseLines(normals(1), coils, 512, 32),
    ...lines,
    ...lines.map((line) => ({ ...line, slice: 1 })),
  ]);
  const pmr = (seed: number) =>
    run({ signal: scan }, { task: taskDocument({ name: 'pmr', options: { NR: 10 } }), seed });
  const first = await pmr(1);
  t.same(hashes(await pmr(1)), hashes(first));
  t.not(hashes(await pmr(2))['data/SNR.nii.gz'], hashes(first)['data/SNR.nii.gz']);
  const snr = first.map('SNR');
  const [a, b] = [snr.slice(0, nx * ny), snr.slice(nx * ny)];
  t.notOk(Buffer.from(a.buffer).equals(Buffer.from(b.buffer)));
  const own = await run(
    { signal: scan },
    { task: taskDocument({ name: 'pmr', options: { NR: 10, seed: 1 } }), seed: 2 },
  );
  t.same(hashes(own), hashes(first), 'a seed in the task goes before that of the job');
});

t.test(
  'replicas end to end: SNR near the analytic one, precision beside it, info.json says how',
  async (t) => {
    const scans = { signal: scanOf() };
    const analytic = (await run(scans)).map('SNR');
    const pmr = await run(scans, { task: taskDocument({ name: 'PMR', options: { NR: 64 } }) });
    const ratio = pmr.map('SNR').map((x, i) => x / analytic[i]);
    t.ok(Math.abs(median(ratio) - 1) < 0.03, `median ratio ${median(ratio)}`);
    t.ok(pmr.map('PRECISION').every((x) => Math.abs(x - 1 / Math.sqrt(128)) < 1e-6));
    t.ok(pmr.files.has('data/PRECISION.png'));
    t.match(pmr.info, {
      replicas: {
        NR: 64,
        mode: 'fast',
        seed: 7,
        precision: { degreesOfFreedom: 64, relativeStandardDeviation: 1 / Math.sqrt(128) },
        suggestedNR: [
          { meanDeviationPercent: 10, NR: 33 },
          { meanDeviationPercent: 5, NR: 129 },
        ],
      },
      method: { name: 'pmr', label: 'Pseudo multiple replica' },
    });
    const cr = await run(scans, {
      task: taskDocument({ name: 'cr', options: { NR: 6, boxSize: 8, precisionPercent: 2 } }),
    });
    t.match(cr.info, {
      replicas: {
        NR: 6,
        boxSize: 8,
        windowSide: 9,
        precision: { degreesOfFreedom: 486 },
        suggestedNR: [{ meanDeviationPercent: 2, NR: 797 }],
      },
    });
    const local = cr.map('SNR').map((x, i) => x / analytic[i]);
    t.ok(Math.abs(median(local) - 1) < 0.02, `median ratio ${median(local)}`);
  },
);

t.test('repetitions: with and without a noise scan; too few are refused', async (t) => {
  const analytic = (await run({ signal: scanOf() })).map('SNR');
  const task = taskDocument({ name: 'mr', options: { finiteReplicaCorrection: true } });
  for (const noise of [true, false]) {
    const { map, info, files } = await run({ signal: scanOf({ repetitions: 24, noise }) }, { task });
    const snr = map('SNR');
    const ratio = snr.map((x, i) => x / analytic[i]).filter((_, i) => analytic[i] > 30);
    t.ok(Math.abs(median(ratio) - 1) < 0.03, `noise ${noise}: median ratio ${median(ratio)}`);
    t.equal(files.has('data/NC.nii.gz'), noise);
    t.match(info, { replicas: { NR: 24, precision: { degreesOfFreedom: 23 } } });
    if (!noise) t.match(info.warnings, [/No noise was measured/]);
  }
  await t.rejects(run({ signal: scanOf() }, { task }), {
    code: 'bad_options',
    message: /needs a scan with repetitions, and this one has 1/,
  });
});

t.test('options that contradict each other are refused', async (t) => {
  const scans = { signal: scanOf() };
  const refused = (more: Parameters<typeof taskDocument>[0], message: RegExp) =>
    t.rejects(run(scans, { task: taskDocument(more) }), { code: 'bad_options', message });
  await refused({ name: 'mr', options: { biasCorrection: true } }, /biasCorrection.*ac, pmr, cr/);
  await refused({ name: 'pmr', recon: 'grappa', options: { rssMagnitude: true } }, /rssMagnitude/);
  await refused({ name: 'cr', options: { rssMagnitude: true } }, /rssMagnitude/);
  await refused({ name: 'pmr', options: { rssMagnitude: true, NR: 1 } }, /task\.options\.NR/);
  await refused({ name: 'pmr', options: { NR: 100_001 } }, /task\.options\.NR/);
  await refused({ name: 'cr', options: { boxSize: -1 } }, /task\.options\.boxSize/);
});

t.test('empty k-space has SNR 0 everywhere', async (t) => {
  const [coils, ny, nx] = SHAPE;
  const empty = imageLines(complexZeros(SHAPE).data, SHAPE);
  const scan = memoryScan({ columns: nx, lines: ny, coils, header: { noiseBandwidthRatio: 1 } }, [
    ...noiseLines(normals(1), coils, 512, 32),
    ...empty,
  ]);
  const { map } = await run({ signal: scan }, { task: taskDocument({ name: 'pmr', options: { NR: 4 } }) });
  t.ok(map('SNR').every((x) => x === 0));
});

t.test('g-factors from replicas are those of the formula, with the scatter of the replicas', async (t) => {
  const request = (options: object) => ({
    task: taskDocument({
      name: 'pmr',
      recon: 'grappa',
      options: { NR: 400, ...options },
      reconOptions: { decimate: true, accelerations: [1, 2], acl: [16, 16] },
    }),
    output: { coilsensitivity: false, gfactor: true, matlab: false },
  });
  const scans = { signal: scanOf() };
  const { map, files } = await run(scans, request({ gfactorFromReplicas: true }));
  const expected = map('G_GRAPPA');
  const ratio = map('G_REPLICAS').map((x, i) => x / expected[i]);
  t.ok(Math.abs(median(ratio) - 1) < 0.01, `median ratio ${median(ratio)}`);
  const spread = Math.sqrt(ratio.reduce((sum, x) => sum + (x - 1) ** 2, 0) / ratio.length);
  t.ok(Math.abs(spread * Math.sqrt(800) - 1) < 0.1, `deviation ${spread}`);
  t.ok(files.has('data/G_REPLICAS.png'));
  t.notOk((await run(scans, request({}))).files.has('data/G_REPLICAS.nii.gz'));
  const none = await run(scans, {
    task: taskDocument({ name: 'pmr', options: { NR: 4, gfactorFromReplicas: true } }),
  });
  t.match(none.info.warnings, [/g-factors from replicas/]);
});
