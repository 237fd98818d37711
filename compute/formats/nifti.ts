/** NIfTI-1 single files (.nii.gz), float32 or complex64, little endian. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Affine } from './nifti-geometry.ts';
import { quaternionOf } from './nifti-geometry.ts';

const HEADER_BYTES = 352;
const MILLIMETRES = 2;
const SCANNER_COORDINATES = 1;

export interface NiftiVolume {
  /** One number per voxel, or two (re, im) if `complex`; the first dimension runs fastest. */
  readonly data: Float32Array;
  readonly complex: boolean;
  /** Sizes of the dimensions, fastest first. */
  readonly dims: readonly number[];
  readonly spacingMm: readonly [number, number, number];
  /** Undefined: position unknown; sform and qform then say so. */
  readonly affine: Affine | undefined;
  /** At most 79 characters of Latin text. */
  readonly description: string;
}

/** The bytes of the uncompressed file. Throws RangeError if data and dimensions disagree. */
export function encodeNifti(volume: NiftiVolume): Uint8Array {
  const { data, complex, dims, affine, spacingMm } = volume;
  const voxels = dims.reduce((product, n) => product * n, 1);
  if (data.length !== voxels * (complex ? 2 : 1) || dims.length > 7 || dims.some((n) => n < 1 || n > 32767)) {
    throw new RangeError(`${data.length} numbers are not a NIfTI volume of ${dims.join(' x ')}`);
  }
  const bytes = new Uint8Array(HEADER_BYTES + data.byteLength);
  const header = new DataView(bytes.buffer);
  const int16 = (offset: number, value: number): void => header.setInt16(offset, value, true);
  const float = (offset: number, value: number): void => header.setFloat32(offset, value, true);
  const text = (offset: number, value: string, room: number): void => {
    for (let i = 0; i < Math.min(value.length, room); i++) bytes[offset + i] = value.charCodeAt(i) & 0xff;
  };

  header.setInt32(0, 348, true);
  int16(40, dims.length);
  for (let i = 0; i < 7; i++) int16(42 + 2 * i, dims[i] ?? 1);
  int16(70, complex ? 32 : 16); // NIFTI_TYPE_COMPLEX64, NIFTI_TYPE_FLOAT32
  int16(72, complex ? 64 : 32); // bits per voxel
  spacingMm.forEach((size, i) => {
    float(80 + 4 * i, size);
  });
  float(76, 1);
  float(108, HEADER_BYTES); // vox_offset
  float(112, 1); // scl_slope
  bytes[123] = MILLIMETRES;
  text(148, volume.description, 79);
  if (affine) {
    const quaternion = quaternionOf(affine);
    if (quaternion) {
      float(76, quaternion.handedness);
      int16(252, SCANNER_COORDINATES); // qform_code
      [quaternion.b, quaternion.c, quaternion.d, ...affine.map((row) => row[3])].forEach((value, i) => {
        float(256 + 4 * i, value);
      });
    }
    int16(254, SCANNER_COORDINATES); // sform_code
    affine.flat().forEach((value, i) => {
      float(280 + 4 * i, value);
    });
  }
  text(344, 'n+1', 4);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_BYTES);
  return bytes;
}

const gzipAsync = promisify(gzip);

/** The bytes of a .nii.gz. Level 1: noise hardly compresses better at higher ones. */
export async function encodeNiftiGz(volume: NiftiVolume): Promise<Uint8Array> {
  return gzipAsync(encodeNifti(volume), { level: 1 });
}
