/**
 * Images that come with a task beside its raw data: a mask, coil sensitivities, the scan of a body coil. Sizes are
 * checked before a slice is reconstructed.
 *
 * Coil sensitivities are a complex NIfTI volume [x, y, slice, coil] of the physical coils, of any scale: the files
 * `sensitivity_NN.nii.gz` of a result, coil by coil. A mask is [x, y] or [x, y, slice]. One slice serves for all.
 */
import type { ComplexArray, RealArray } from './array/complex.ts';
import { complexFrom } from './array/complex.ts';
import { bodyImages } from './body-images.ts';
import { WorkerError } from './errors.ts';
import type { NiftiImage } from './formats/nifti-read.ts';
import { readNiftiFile } from './formats/nifti-read.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { SuppliedImages } from './mr/recon/reconstruction.ts';
import { whitenedMaps } from './mr/sensitivity/physical-maps.ts';
import type { Run } from './run.ts';
import type { Signal } from './run-steps.ts';
import type { SnrTask } from './task.ts';

/** What is supplied for plane k of the volume; undefined: nothing. */
export type SuppliedFor = (k: number) => Promise<SuppliedImages | undefined>;

/** Opens the files that the task names. Throws `bad_options`, `input_not_found` or `input_unreadable`. */
export async function suppliedImages(
  run: Run,
  { sensitivity }: SnrTask,
  signal: Signal,
  noise: NoiseModel,
): Promise<SuppliedFor> {
  if (!sensitivity) return async () => undefined;
  const { inputs } = run.request;
  const mask = sensitivity.mask.method === 'upload' ? await maskPlanes(inputs.mask, signal) : undefined;
  const source = inputs.sensitivityMapSource;
  const maps = sensitivity.method === 'upload' ? await mapPlanes(source, signal) : undefined;
  const body = sensitivity.method === 'bodycoil' ? await bodyImages(run, source, signal) : undefined;
  if (!mask && !maps && !body) return async () => undefined;
  return async (k) => ({
    mask: mask?.(k),
    maps: maps && whitenedMaps(maps(k), noise),
    body: await body?.(k),
  });
}

function mustBeGiven(path: string | undefined, what: string): string {
  if (path !== undefined) return path;
  throw new WorkerError('bad_options', `inputs: the task asks for a ${what}, and the job has no such file.`);
}

async function maskPlanes(path: string | undefined, signal: Signal): Promise<(k: number) => RealArray> {
  const image = await readNiftiFile(mustBeGiven(path, 'mask'), 'mask');
  const [nx, ny] = [signal.grid.columns, signal.grid.lines];
  const slices = signal.volume.order.length;
  const depth = image.dims[2] ?? 1;
  if (image.complex || image.dims.length > 3)
    throw wrongSize('mask', image, `${nx} x ${ny} x ${slices}, real`);
  mustBe('mask', image, [nx, ny], depth, slices);
  return (k) => {
    const start = (depth === 1 ? 0 : k) * nx * ny;
    return { data: image.data.slice(start, start + nx * ny), shape: [ny, nx] };
  };
}

async function mapPlanes(path: string | undefined, signal: Signal): Promise<(k: number) => ComplexArray> {
  const what = 'coil sensitivity';
  const image = await readNiftiFile(mustBeGiven(path, what), what);
  const { columns: nx, lines: ny, coils } = signal.grid;
  const slices = signal.volume.order.length;
  const [depth, found] = [image.dims[2] ?? 1, image.dims[3] ?? 1];
  const wanted = `${nx} x ${ny} x ${slices} x ${coils}, complex`;
  if (!image.complex || image.dims.length > 4 || found !== coils) throw wrongSize(what, image, wanted);
  mustBe(what, image, [nx, ny], depth, slices);
  return (k) => {
    const out = new Float32Array(2 * coils * nx * ny);
    for (let coil = 0; coil < coils; coil++) {
      const start = 2 * (coil * depth + (depth === 1 ? 0 : k)) * nx * ny;
      out.set(image.data.subarray(start, start + 2 * nx * ny), 2 * coil * nx * ny);
    }
    return complexFrom(out, [coils, ny, nx]);
  };
}

function mustBe(
  what: string,
  image: NiftiImage,
  [nx, ny]: readonly [number, number],
  depth: number,
  slices: number,
): void {
  const fits = image.dims[0] === nx && (image.dims[1] ?? 1) === ny && (depth === 1 || depth === slices);
  if (!fits) throw wrongSize(what, image, `${nx} x ${ny} x ${slices} (or one slice)`);
}

function wrongSize(what: string, { dims, complex }: NiftiImage, wanted: string): WorkerError {
  return new WorkerError(
    'bad_options',
    `The ${what} file is ${complex ? 'complex' : 'real'} of size ${dims.join(' x ')}; the signal needs ${wanted}.`,
    'Upload a file on the grid of the signal scan: readout x phase encoding x slices.',
  );
}
