/**
 * Writes the demo's phantom.h5: `node --import tsx infra/local/phantom/make-phantom.ts [file]`.
 * Besides the acquisition the file holds `truth_snr` (96 x 96) and `truth_noise_covariance` (8 x 8 x [re, im]).
 */
import { createIsmrmrdWriter, ismrmrdXml } from '../../../test/helpers/raw/ismrmrd-writer.ts';
import { noiseCovariance, PHANTOM, phantomLines, trueSnr } from './phantom.ts';

const NOISE_FLAG = 19;
const DWELL_MICROSECONDS = 10;

const path = process.argv[2] ?? new URL('./phantom.h5', import.meta.url).pathname;
const { matrix, oversampling, coils } = PHANTOM;
const samples = matrix * oversampling;
const writer = await createIsmrmrdWriter(
  path,
  ismrmrdXml({
    encoded: [samples, matrix, 1],
    recon: [matrix, matrix, 1],
    coils,
    protocol: 'CloudMR demo phantom',
    relativeReceiverNoiseBandwidth: 1,
  }),
);
for (const { kind, line, data } of phantomLines()) {
  writer.append([
    {
      flags: kind === 'noise' ? [NOISE_FLAG] : [],
      samples,
      coils,
      data,
      line: kind === 'noise' ? 0 : line,
      dwellMicroseconds: DWELL_MICROSECONDS,
      readDirection: [1, 0, 0],
      phaseDirection: [0, 1, 0],
      sliceDirection: [0, 0, 1],
    },
  ]);
}
writer.addArray('truth_snr', trueSnr(), [matrix, matrix]);
writer.addArray('truth_noise_covariance', Float32Array.from(noiseCovariance()), [coils, coils, 2]);
writer.close();
