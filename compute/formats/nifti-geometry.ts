/**
 * From slice positions to the affine of a NIfTI volume with x = readout, y = phase encoding, z = slice.
 * Positions are LPS (as scanners write them), NIfTI is RAS: the first two coordinates change sign.
 */
import type { SlicePosition } from './scan.ts';

type Vector = readonly [number, number, number];

/** Rows of the matrix that takes voxel indices (i, j, k, 1) to RAS millimetres. */
export type Affine = readonly [number[], number[], number[]];

export interface VolumeGeometry {
  /** Voxels along readout and phase encoding. */
  readonly matrix: readonly [number, number];
  /** Voxel size along readout, phase encoding, slices. */
  readonly spacingMm: Vector;
  /** Position of the first plane of the volume. */
  readonly position: SlicePosition;
}

/** Voxel (floor(nx/2), floor(ny/2), 0) lies at the centre of the first slice. */
export function affineOf({ matrix, spacingMm, position }: VolumeGeometry): Affine {
  const { centerMm, readDirection, phaseDirection, sliceDirection } = position;
  const row = (axis: 0 | 1 | 2): number[] => {
    const sign = axis === 2 ? 1 : -1;
    const read = spacingMm[0] * readDirection[axis];
    const phase = spacingMm[1] * phaseDirection[axis];
    const slice = spacingMm[2] * sliceDirection[axis];
    const corner = centerMm[axis] - Math.floor(matrix[0] / 2) * read - Math.floor(matrix[1] / 2) * phase;
    return [sign * read, sign * phase, sign * slice, sign * corner];
  };
  return [row(0), row(1), row(2)];
}

export interface Quaternion {
  /** qfac: -1 if the axes are left-handed, which a rotation alone cannot say. */
  readonly handedness: 1 | -1;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** The rotation of an affine as NIfTI's quaternion; undefined if its columns are not orthogonal (to 1e-3). */
export function quaternionOf(affine: Affine): Quaternion | undefined {
  const columns = [0, 1, 2].map((j) => unit([affine[0][j], affine[1][j], affine[2][j]]));
  const [x, y] = columns;
  const independent = [dot(x, y), dot(x, columns[2]), dot(y, columns[2])].every(
    (product) => Math.abs(product) < 1e-3,
  );
  if (!independent) return undefined;
  const normal: Vector = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  const handedness = dot(normal, columns[2]) < 0 ? -1 : 1;
  const z = columns[2].map((value) => value * handedness);
  // Largest of the four components first, so that nothing is divided by a small number.
  const trace = x[0] + y[1] + z[2];
  const squares = [trace, x[0] - y[1] - z[2], y[1] - x[0] - z[2], z[2] - x[0] - y[1]].map((sum) => 1 + sum);
  const largest = squares.indexOf(Math.max(...squares));
  const twice = Math.sqrt(squares[largest]);
  const by = (value: number): number => value / (2 * twice);
  const half = twice / 2;
  const candidates: [number, number, number, number][] = [
    [half, by(y[2] - z[1]), by(z[0] - x[2]), by(x[1] - y[0])],
    [by(y[2] - z[1]), half, by(y[0] + x[1]), by(z[0] + x[2])],
    [by(z[0] - x[2]), by(y[0] + x[1]), half, by(z[1] + y[2])],
    [by(x[1] - y[0]), by(z[0] + x[2]), by(z[1] + y[2]), half],
  ];
  const [a, b, c, d] = candidates[largest];
  const sign = a < 0 ? -1 : 1;
  return { handedness, b: sign * b, c: sign * c, d: sign * d };
}

function unit(v: Vector): Vector {
  const length = Math.hypot(...v) || 1;
  return [v[0] / length, v[1] / length, v[2] / length];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
