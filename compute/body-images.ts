/** The images of a body coil, measured with the grid of the signal. */
import { WorkerError } from './errors.ts';
import { centredFftInto } from './math/fft.ts';
import { acquireSlice } from './mr/acquire.ts';
import { imageReadouts, isFullySampled, mustBeReasonable } from './mr/acquisition.ts';
import { mustBeCartesian } from './mr/cartesian.ts';
import { kSpaceGrid } from './mr/kspace.ts';
import type { SuppliedImages } from './mr/recon/reconstruction.ts';
import { bodyChannel } from './mr/sensitivity/body-channel.ts';
import { createSliceReader } from './mr/slice-reader.ts';
import type { Run } from './run.ts';
import type { Signal } from './run-steps.ts';
import { planePositions, volumeOf } from './volume.ts';

/**
 * Opens the scan. The image is that of its strongest channel, its noise that of the corners. Throws `bad_options`
 * for a scan of another grid or number of slices, or that is not fully sampled.
 */
export async function bodyImages(
  run: Run,
  path: string | undefined,
  signal: Signal,
): Promise<(k: number) => Promise<SuppliedImages['body']>> {
  if (path === undefined) {
    throw new WorkerError('bad_options', 'inputs: the task asks for a body-coil scan, and the job has none.');
  }
  const scan = await run.open(path);
  mustBeCartesian(scan.header);
  const grid = kSpaceGrid(scan.header);
  mustBeReasonable(grid);
  const images = imageReadouts(scan);
  const numbers = images.slices.flatMap((slice) =>
    Array.from({ length: grid.planes }, (_, z) => slice * grid.planes + z),
  );
  const { order } = volumeOf(
    { header: scan.header, slicePositions: planePositions(scan, grid) },
    grid,
    numbers,
  );
  const own = [grid.columns, grid.lines, order.length].join(' x ');
  const wanted = [signal.grid.columns, signal.grid.lines, signal.volume.order.length].join(' x ');
  if (own !== wanted) {
    throw refuse(`has the size ${own}; the signal has ${wanted}`);
  }
  const reader = createSliceReader(scan, grid, run.request.signal);
  const acquisition = { scan, grid, images, undersampling: undefined, reader };
  return async (k) => {
    const acquired = await acquireSlice(acquisition, order[k]);
    if (!isFullySampled(acquired)) throw refuse('is not fully sampled');
    const { kspace } = acquired;
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    return bodyChannel(kspace);
  };
}

function refuse(why: string): WorkerError {
  return new WorkerError(
    'bad_options',
    `sensitivityMapSource: the body-coil scan ${why}.`,
    'Measure the body coil with the protocol of the signal scan, without acceleration.',
  );
}
