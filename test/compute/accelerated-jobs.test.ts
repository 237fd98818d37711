import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { dividedBySine } from '../../compute/flip-angle.ts';
import { encodeNiftiGz } from '../../compute/formats/nifti.ts';
import { openRawScan } from '../../compute/formats/open.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { coilImages } from './helpers/coils.ts';
import { run, taskDocument } from './helpers/run.ts';
import {
  fixture,
  imageLines,
  memoryScan,
  noiseLines,
  normals,
  transposed,
  worstRelative,
} from './helpers/scan.ts';

const GRAPPA = { decimate: true, accelerations: [1, 2], acl: [24, 24], kernelSize: [4, 4] };
const OUTPUT = { coilsensitivity: false, gfactor: true, matlab: false };
const raw = (name: string): string => fileURLToPath(new URL(`../fixtures/raw/${name}`, import.meta.url));

/** A scan of a phantom with its noise lines. */
function phantom(shape: readonly [number, number, number]) {
  const [coils, lines, columns] = shape;
  const kspace = centredFft(coilImages(shape), [1, 2], 'forward');
  return memoryScan({ columns, lines, coils }, [
    ...noiseLines(normals(4), coils, columns, 100),
    ...imageLines(kspace.data, shape),
  ]);
}

t.test('GRAPPA of a real scan from its file: the reference answers for SNR and g', async (t) => {
  for (const [name, more] of [
    ['lam0.01_zp_circular', { grappaZeroPaddedCalibration: true }],
    ['lam0', { lambda: 0 }],
  ] as const) {
    const { map, info } = await run(openRawScan, {
      task: taskDocument({ recon: 'grappa', reconOptions: { ...GRAPPA, ...more } }),
      inputs: { signal: raw('brain16.h5') },
      output: OUTPUT,
    });
    const expected = (kind: string): Float32Array =>
      transposed(fixture(`oracle/brain16/${kind}_grappa_${name}_oracle.f32`), 96, 96);
    // Issue bar 1e-3; the covariance is estimated from the file, all else is float32.
    t.ok(worstRelative(map('SNR'), expected('ac'), 0) < 1e-3, `SNR ${name}`);
    t.ok(worstRelative(map('G_GRAPPA'), expected('g'), 0) < 1e-3, `g ${name}`);
    t.same(info.warnings, []);
  }
});

t.test('a repetition-wise scan with alternating first lines runs as MR with GRAPPA', async (t) => {
  const { map, info } = await run(openRawScan, {
    task: taskDocument({
      name: 'mr',
      recon: 'grappa',
      reconOptions: { decimate: false, kernelSize: [3, 4] },
    }),
    inputs: { signal: raw('shepp-logan-r2.h5') },
  });
  t.equal(map('SNR').length, 32 * 32);
  t.ok(map('SNR').every((value) => Number.isFinite(value)));
  t.match(info.headers, { options: { name: 'mr' } });
});

t.test('an acceleration that does not divide the lines gives maps of the next size', async (t) => {
  const { map, header } = await run(
    { signal: phantom([4, 50, 36]) },
    {
      task: taskDocument({ recon: 'grappa', reconOptions: { ...GRAPPA, accelerations: [1, 3] } }),
      output: OUTPUT,
    },
  );
  t.same(header('SNR').dims.slice(1, 4), [36, 51, 1]);
  t.equal(map('G_GRAPPA').length, 36 * 51);
  // The field of view stays: 2 mm pixels of 50 lines.
  t.ok(Math.abs(header('SNR').pixDims[2] - 100 / 51) < 1e-5);
});

t.test('acceleration and full sampling agree where g is known: SNR = full / (g sqrt(R))', async (t) => {
  const scan = phantom([8, 64, 48]);
  const full = await run({ signal: scan });
  const half = await run(
    { signal: scan },
    {
      task: taskDocument({ recon: 'grappa', reconOptions: { ...GRAPPA, lambda: 1e-6 } }),
      output: OUTPUT,
    },
  );
  const g = half.map('G_GRAPPA');
  const expected = full.map('SNR').map((snr, i) => snr / (g[i] * Math.SQRT2));
  const snr = half.map('SNR');
  const ratios = Array.from(snr, (x, i) => x / expected[i]).filter((_, i) => expected[i] > 60);
  ratios.sort((a, b) => a - b);
  t.ok(ratios.length > 500);
  // Noise of the data and errors of the kernel differ from pixel to pixel.
  t.ok(Math.abs(ratios[ratios.length >> 1] - 1) < 0.01, `${ratios[ratios.length >> 1]}`);
});

t.test('SNR corrected with a flip-angle map', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'angles-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const scan = phantom([3, 20, 16]);
  const correction = {
    useCorrection: true,
    faCorrection: taskDocument().options.reconstructor.options.signal,
  };
  const task = taskDocument({ reconOptions: { correction } });
  const write = async (name: string, dims: number[], angle: (i: number) => number): Promise<string> => {
    const path = join(folder, name);
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => angle(i));
    writeFileSync(
      path,
      await encodeNiftiGz({
        data,
        complex: false,
        dims,
        spacingMm: [2, 2, 5],
        affine: undefined,
        description: '',
      }),
    );
    return path;
  };
  const angles = (i: number): number => [90, 30, 150, 0, -20, 200, Number.NaN, 0.1][i % 8];
  const faCorrection = await write('angles.nii.gz', [16, 20, 1], angles);
  const { map, info } = await run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection } });
  const factors = [1, 2, 2, 0, 0, 0, 0, 0];
  const expected = map('SNR').map((snr, i) => snr * factors[i % 8]);
  t.ok(worstRelative(map('SNR_FA'), expected, 0) < 1e-6);
  t.ok(map('SNR_FA').every((value, i) => value > 0 === factors[i % 8] > 0));
  t.ok(info.data.some(({ id, name }) => id === 9 && name === 'SNR FA'));

  const radians = await write('radians.nii', [16, 20], () => 1.5);
  const warned = await run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection: radians } });
  t.match(warned.info.warnings, [/radians/]);
  const small = await write('small.nii', [8, 20], () => 90);
  await t.rejects(run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection: small } }), {
    code: 'bad_options',
    message: /8 x 20; the signal needs a real one of 16 x 20 x 1/,
  });
  await t.rejects(run({ signal: scan }, { task }), { code: 'bad_options', message: /inputs\.faCorrection/ });
  // On a matrix of another size the nearest angle counts, centre upon centre.
  t.same(
    [...dividedBySine(new Float32Array([1, 1, 1]), [3, 1], new Float32Array([30, 90]), [2, 1])],
    [2, 1, 1],
  );
});
