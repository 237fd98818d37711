import { gunzipSync } from 'node:zlib';
import * as nifti from 'nifti-reader-js';
import t from 'tap';
import { encodeNifti, encodeNiftiGz } from '../../../compute/formats/nifti.ts';
import { affineOf, quaternionOf } from '../../../compute/formats/nifti-geometry.ts';
import type { SlicePosition } from '../../../compute/formats/scan.ts';

function exact(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

/** Rotation about an axis by degrees. */
function rotated([x, y, z]: readonly number[], axis: 0 | 1 | 2, degrees: number): [number, number, number] {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  if (axis === 0) return [x, c * y - s * z, s * y + c * z];
  if (axis === 1) return [c * x + s * z, y, -s * x + c * z];
  return [c * x - s * y, s * x + c * y, z];
}

/** The matrix of a NIfTI quaternion, as the standard defines it. */
function matrixOf(b: number, c: number, d: number): number[][] {
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  return [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
  ];
}

t.test('a volume is read back by another library: sizes, type, spacing, values', async (t) => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i / 7);
  const volume = {
    data,
    complex: false,
    dims: [4, 3, 2],
    spacingMm: [1.5, 2, 5] as const,
    affine: undefined,
    description: 'SNR',
  };
  const packed = await encodeNiftiGz(volume);
  t.ok(nifti.isCompressed(exact(packed)));
  const raw = exact(gunzipSync(packed));
  const header = nifti.readHeader(raw) as nifti.NIFTI1;
  t.same(header.dims, [3, 4, 3, 2, 1, 1, 1, 1]);
  t.equal(header.datatypeCode, nifti.NIFTI1.TYPE_FLOAT32);
  t.same(header.pixDims.slice(1, 4), [1.5, 2, 5]);
  t.match(header, { qform_code: 0, sform_code: 0, littleEndian: true, xyzt_units: 2 });
  t.equal(header.description, 'SNR');
  t.same(new Float32Array(nifti.readImage(header, raw)), data);
  t.same(packed, await encodeNiftiGz(volume), 'the same bytes every time');
});

t.test('complex matrices are complex64', async (t) => {
  const data = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const raw = exact(
    encodeNifti({
      data,
      complex: true,
      dims: [2, 2, 1],
      spacingMm: [1, 1, 1],
      affine: undefined,
      description: '',
    }),
  );
  const header = nifti.readHeader(raw) as nifti.NIFTI1;
  t.match(header, { datatypeCode: 32, numBitsPerVoxel: 64 });
  t.same(new Float32Array(nifti.readImage(header, raw)), data);
  t.throws(
    () =>
      encodeNifti({
        data,
        complex: false,
        dims: [2, 2],
        spacingMm: [1, 1, 1],
        affine: undefined,
        description: '',
      }),
    RangeError,
  );
});

t.test('the centre voxel lies at the slice centre, for oblique and left-handed slices', async (t) => {
  for (const flip of [1, -1]) {
    for (const [first, second] of [
      [0, 0],
      [25, -40],
      [180, 10],
      [90, 180],
      [-170, 95],
    ]) {
      const turn = (v: readonly number[]): [number, number, number] =>
        rotated(rotated(v, 0, first), 2, second);
      const position: SlicePosition = {
        centerMm: [10, -20, 30],
        readDirection: turn([flip, 0, 0]),
        phaseDirection: turn([0, 1, 0]),
        sliceDirection: turn([0, 0, 1]),
      };
      const spacingMm = [1.25, 1.5, 4] as const;
      const affine = affineOf({ matrix: [97, 64], spacingMm, position });
      const at = (i: number, j: number, k: number): number[] =>
        affine.map((row) => row[0] * i + row[1] * j + row[2] * k + row[3]);
      const near = (a: number[], b: number[]): boolean => a.every((x, axis) => Math.abs(x - b[axis]) < 1e-4);
      t.ok(near(at(48, 32, 0), [-10, 20, 30]), 'LPS to RAS');
      const [rx, ry, rz] = position.readDirection;
      t.ok(near(at(49, 32, 0), [-10 - 1.25 * rx, 20 - 1.25 * ry, 30 + 1.25 * rz]), 'x is the readout');

      const raw = exact(
        encodeNifti({
          data: new Float32Array(97 * 64),
          complex: false,
          dims: [97, 64, 1],
          spacingMm,
          affine,
          description: '',
        }),
      );
      const header = nifti.readHeader(raw) as nifti.NIFTI1;
      t.match(header, { qform_code: 1, sform_code: 1 });
      const qfac = header.pixDims[0];
      // LPS to RAS turns by 180 degrees: handedness is that of the directions themselves.
      t.equal(qfac, flip);
      const rotation = matrixOf(header.quatern_b, header.quatern_c, header.quatern_d);
      // Three float32 numbers hold a half turn to about 3e-4 rad.
      const agrees = rotation.every((row, i) =>
        [0, 1, 2].every((j) => Math.abs(row[j] * spacingMm[j] * (j === 2 ? qfac : 1) - affine[i][j]) < 3e-3),
      );
      t.ok(agrees, `qform equals sform (${flip}, ${first}, ${second})`);
      t.ok(
        near(
          [header.qoffset_x, header.qoffset_y, header.qoffset_z],
          affine.map((row) => row[3]),
        ),
      );
    }
  }
});

t.test('axes that are not orthogonal have no quaternion', async (t) => {
  t.equal(
    quaternionOf([
      [1, 0.5, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ]),
    undefined,
  );
});
