/** Parts of this release that the checks of computing units compare with. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Release } from '../services/units/services.ts';
import { RELEASED_WORKER } from './run-estimator.ts';

const DEFINITION = new URL('../infra/state-machine/job.asl.json', import.meta.url);
const PHANTOM = new URL('../infra/local/phantom/phantom.h5', import.meta.url);
/** Of the SNR map that this release makes of the phantom; 0.2 % above the truth that the file carries. */
const MEDIAN_SNR = 61.156;

/**
 * Reads the definition at once, the phantom when it is first needed.
 * @param imageDigests of the released worker, which no source can know: they follow from it
 */
export function readRelease(imageDigests: readonly string[] = []): Release {
  let phantom: Promise<Uint8Array> | undefined;
  return {
    definition: readFileSync(DEFINITION, 'utf8'),
    worker: { ...RELEASED_WORKER, imageDigests },
    phantom: {
      content: () => (phantom ??= readFile(PHANTOM)),
      filename: 'phantom.h5',
      medianSnr: MEDIAN_SNR,
    },
  };
}
