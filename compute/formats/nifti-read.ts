/**
 * Reading NIfTI-1 single files (.nii, .nii.gz) of either byte order: masks, coil sensitivities, flip-angle
 * maps. Only the header and the numbers are used, not the position in space.
 */
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { WorkerError } from '../errors.ts';

export interface NiftiImage {
  /** Sizes, fastest first, without trailing ones (at least one). */
  readonly dims: readonly number[];
  readonly complex: boolean;
  /** One number per voxel, or two (re, im) if `complex`; scaled as the header says. */
  readonly data: Float32Array;
}

const HEADER = 348;
/** Voxels times numbers per voxel: 1 GiB as float32. */
const MOST_NUMBERS = 2 ** 28;
const MOST_BYTES = 8 * MOST_NUMBERS;
const REMEDY = 'Use a NIfTI-1 file (.nii or .nii.gz) of the size of the image.';

interface NumberType {
  readonly bytes: number;
  readonly parts: 1 | 2;
  readonly read: (view: DataView, offset: number, little: boolean) => number;
}

const TYPES: Record<number, NumberType> = {
  2: { bytes: 1, parts: 1, read: (view, at) => view.getUint8(at) },
  4: { bytes: 2, parts: 1, read: (view, at, little) => view.getInt16(at, little) },
  8: { bytes: 4, parts: 1, read: (view, at, little) => view.getInt32(at, little) },
  16: { bytes: 4, parts: 1, read: (view, at, little) => view.getFloat32(at, little) },
  32: { bytes: 4, parts: 2, read: (view, at, little) => view.getFloat32(at, little) },
  64: { bytes: 8, parts: 1, read: (view, at, little) => view.getFloat64(at, little) },
  256: { bytes: 1, parts: 1, read: (view, at) => view.getInt8(at) },
  512: { bytes: 2, parts: 1, read: (view, at, little) => view.getUint16(at, little) },
  768: { bytes: 4, parts: 1, read: (view, at, little) => view.getUint32(at, little) },
  1792: { bytes: 8, parts: 2, read: (view, at, little) => view.getFloat64(at, little) },
};

const gunzipAsync = promisify(gunzip);

/** Reads a file. `what` names it in messages. Throws `input_not_found` or `input_unreadable`. */
export async function readNiftiFile(path: string, what: string): Promise<NiftiImage> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) throw new WorkerError('input_not_found', `There is no ${what} file.`);
  if (info.size > MOST_BYTES) throw unreadable(what, `has ${info.size} bytes`);
  let bytes: Uint8Array = await readFile(path);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await gunzipAsync(bytes, { maxOutputLength: MOST_BYTES });
    } catch (error) {
      throw unreadable(what, `cannot be decompressed (${(error as Error).message})`);
    }
  }
  return decodeNifti(bytes, what);
}

/** Decodes the bytes of an uncompressed file. Throws `input_unreadable`. */
export function decodeNifti(bytes: Uint8Array, what: string): NiftiImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER + 4) throw unreadable(what, 'is too short');
  const little = view.getInt32(0, true) === HEADER;
  const magic = String.fromCharCode(...bytes.subarray(344, 347));
  if ((!little && view.getInt32(0, false) !== HEADER) || magic !== 'n+1') {
    throw unreadable(what, 'is not NIfTI-1 in a single file');
  }
  const code = view.getInt16(70, little);
  const type = TYPES[code];
  if (!type) throw unreadable(what, `holds numbers of type ${code}, which are not supported`);
  const dims = dimsOf(view, little, what);
  const count = type.parts * dims.reduce((product, n) => product * n, 1);
  const start = view.getFloat32(108, little);
  if (count > MOST_NUMBERS) throw unreadable(what, `has the size ${dims.join(' x ')}, which is too large`);
  if (!(start >= HEADER && start + count * type.bytes <= bytes.length)) {
    throw unreadable(what, `is truncated: ${dims.join(' x ')} voxels do not fit into ${bytes.length} bytes`);
  }
  const slope = view.getFloat32(112, little);
  const scaled = Number.isFinite(slope) && slope !== 0;
  const intercept = scaled ? view.getFloat32(116, little) : 0;
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const value = type.read(view, Math.floor(start) + i * type.bytes, little);
    data[i] = scaled ? value * slope + (type.parts === 1 ? intercept : 0) : value;
  }
  return { dims, complex: type.parts === 2, data };
}

function dimsOf(view: DataView, little: boolean, what: string): number[] {
  const rank = view.getInt16(40, little);
  if (rank < 1 || rank > 7) throw unreadable(what, `has ${rank} dimensions`);
  const dims = Array.from({ length: rank }, (_, i) => view.getInt16(42 + 2 * i, little));
  if (dims.some((n) => n < 1)) throw unreadable(what, `has the size ${dims.join(' x ')}`);
  while (dims.length > 1 && dims[dims.length - 1] === 1) dims.pop();
  return dims;
}

function unreadable(what: string, why: string): WorkerError {
  return new WorkerError('input_unreadable', `The ${what} file ${why}.`, REMEDY);
}
