/** Real scanner files through the whole run, compared with the reference answers where there are any. */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openRawScan } from '../../compute/formats/open.ts';
import type { RawScan } from '../../compute/formats/scan.ts';
import { run, taskDocument } from './helpers/run.ts';
import { fixture, transposed, worstOfMaximum, worstRelative } from './helpers/scan.ts';

const file = (name: string): string => fileURLToPath(new URL(`../fixtures/raw/${name}`, import.meta.url));
const oracle = (name: string): Float32Array => transposed(fixture(`oracle/brain16/${name}.f32`), 96, 96);
/** Matrices are stored (row, column); in files the row runs fastest. */
const matrix = (name: string): Float32Array => transposed(fixture(`oracle/brain16/${name}.c64`), 16, 16, 2);

t.test('brain16 (ISMRMRD): SNR, covariance and correlation are those of the reference program', async (t) => {
  const plain = await run(openRawScan, { inputs: { signal: file('brain16.h5') } });
  t.ok(
    worstRelative(plain.map('SNR'), oracle('ac_rss_oracle')) < 1e-5,
    `${worstRelative(plain.map('SNR'), oracle('ac_rss_oracle'))}`,
  );
  t.ok(worstOfMaximum(plain.map('NC'), matrix('NC')) < 1e-6);
  t.ok(worstOfMaximum(plain.map('NCC'), matrix('NCC_correct')) < 1e-6);
  t.match(plain.info, {
    noise: { oversampling: 1, dwellRatio: 0.5, bandwidthSource: 'header', samples: 18432 },
  });

  const task = taskDocument({ options: { biasCorrection: true } });
  const corrected = await run(openRawScan, { task, inputs: { signal: file('brain16.h5') } });
  const worst = worstRelative(corrected.map('SNR'), oracle('ac_rss_biascorr_oracle'));
  t.ok(worst < 1e-4, `bias-corrected: ${worst}`);
});

t.test('brain16 with beta from its own noise lines: the same numbers', async (t) => {
  const measured = async (path: string): Promise<RawScan> => {
    const scan = await openRawScan(path);
    return { ...scan, header: { ...scan.header, noiseBandwidthRatio: undefined } };
  };
  const { map, info } = await run(measured, { inputs: { signal: file('brain16.h5') } });
  const { noise } = info as unknown as { noise: { bandwidthRatio: number; bandwidthSource: string } };
  t.equal(noise.bandwidthSource, 'computed');
  t.ok(Math.abs(noise.bandwidthRatio - 0.7922700535) < 1e-7, `${noise.bandwidthRatio}`);
  t.ok(worstRelative(map('SNR'), oracle('ac_rss_oracle')) < 1e-5);
});

t.test(
  'gre.dat with noise.dat, and multi.dat alone: SNR differs by the root of the dwell times',
  async (t) => {
    const pair = await run(openRawScan, { inputs: { signal: file('gre.dat'), noise: file('noise.dat') } });
    t.match(pair.info, {
      noise: { oversampling: 2, bandwidthSource: 'computed', dwellRatio: 1 },
      warnings: [],
    });
    t.match(pair.info, {
      acquisition: { format: 'twix-vd', coils: 2, matrix: [160, 160], voxelMm: [1.25, 1.25, 4] },
    });
    const alone = await run(openRawScan, { inputs: { signal: file('multi.dat') } });
    const { noise } = alone.info as unknown as { noise: { dwellRatio: number } };
    const expected = pair.map('SNR').map((x) => x / Math.sqrt(noise.dwellRatio));
    t.ok(noise.dwellRatio > 1);
    t.ok(
      worstRelative(alone.map('SNR'), expected) < 0.02,
      'the same noise, measured with another dwell time',
    );
    const { affine } = pair.header('SNR');
    const determinant =
      affine[0][0] * (affine[1][1] * affine[2][2] - affine[1][2] * affine[2][1]) -
      affine[0][1] * (affine[1][0] * affine[2][2] - affine[1][2] * affine[2][0]) +
      affine[0][2] * (affine[1][0] * affine[2][1] - affine[1][1] * affine[2][0]);
    t.ok(
      Math.abs(Math.abs(determinant) / (1.25 * 1.25 * 4) - 1) < 1e-5,
      'the axes are orthogonal and of voxel size',
    );
  },
);

t.test('epi.dat is refused by name, with a remedy', async (t) => {
  await t.rejects(run(openRawScan, { inputs: { signal: file('epi.dat') } }), {
    code: 'unsupported_sequence',
    message: /EPI/,
    remedy: /Cartesian/,
  });
});
