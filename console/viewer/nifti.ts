/**
 * NIfTI-1 as the worker writes it: float32 or complex64, little endian, gzip. Values become real (the modulus of
 * complex ones), because that is what is shown and measured.
 * Format: nifti1.h of the NIfTI Data Format Working Group.
 */
import { expand } from './zip.ts';

export interface Nifti {
  /** [x, y, z], x fastest. */
  readonly dims: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly data: Float32Array<ArrayBuffer>;
  readonly complex: boolean;
  /** The same as an uncompressed file with real values, for viewers. */
  readonly bytes: ArrayBuffer;
}

const FLOAT32 = 16;
const COMPLEX64 = 32;

/** Reads a file. Throws Error if it is of another kind. */
export async function readNifti(file: Uint8Array<ArrayBuffer>): Promise<Nifti> {
  const plain = file[0] === 0x1f && file[1] === 0x8b ? await expand(file, 'gzip') : file;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  if (view.getInt32(0, true) !== 348) throw new Error('not a NIfTI-1 file');
  const size = (axis: number): number => Math.max(1, view.getInt16(40 + 2 * axis, true));
  const dims = [size(1), size(2), size(3)] as const;
  const spacing = (axis: number): number => Math.abs(view.getFloat32(76 + 4 * axis, true)) || 1;
  const spacingMm = [spacing(1), spacing(2), spacing(3)] as const;
  const type = view.getInt16(70, true);
  if (type !== FLOAT32 && type !== COMPLEX64) throw new Error(`NIfTI data type ${type} is not shown here`);
  const offset = view.getFloat32(108, true);
  const values = dims[0] * dims[1] * dims[2];
  const complex = type === COMPLEX64;
  const raw = new Float32Array(plain.slice(offset, offset + values * (complex ? 8 : 4)).buffer);
  const data = complex ? modulus(raw) : raw;
  const bytes = new Uint8Array(offset + data.byteLength);
  bytes.set(plain.subarray(0, offset));
  bytes.set(new Uint8Array(data.buffer), offset);
  const header = new DataView(bytes.buffer);
  header.setInt16(70, FLOAT32, true);
  header.setInt16(72, 32, true);
  return { dims, spacingMm, data, complex, bytes: bytes.buffer };
}

function modulus(interleaved: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(interleaved.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Math.hypot(interleaved[2 * i], interleaved[2 * i + 1]);
  return out;
}
