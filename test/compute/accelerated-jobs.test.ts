import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openRawScan } from '../../compute/formats/open.ts';
import { phantomScan } from './helpers/coils.ts';
import { run, taskDocument } from './helpers/run.ts';
import { fixture, transposed, worstRelative } from './helpers/scan.ts';

const GRAPPA = { decimate: true, accelerations: [1, 2], acl: [24, 24], kernelSize: [4, 4] };
const OUTPUT = { coilsensitivity: false, gfactor: true, matlab: false };
const raw = (name: string): string => fileURLToPath(new URL(`../fixtures/raw/${name}`, import.meta.url));

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
    { signal: phantomScan([4, 50, 36]) },
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
  const scan = phantomScan([8, 64, 48]);
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
