/** Geometry of slices: rotations, the order in space and the distance of neighbours. LPS, mm. */
import type { SlicePosition } from './scan.ts';

type Vector = readonly [number, number, number];

/** What a readout gets whose header carries no geometry (often: noise): patient axes around the isocentre. */
export const UNKNOWN_POSITION: SlicePosition = {
  centerMm: [0, 0, 0],
  readDirection: [1, 0, 0],
  phaseDirection: [0, 1, 0],
  sliceDirection: [0, 0, 1],
};

/**
 * Unit vectors of a Siemens slice quaternion (w, x, y, z): the columns of its rotation matrix are the phase,
 * read and slice direction (spec 5.2). Undefined unless the quaternion has length 1 (to 1 %).
 */
export function directionsOfQuaternion(
  w: number,
  x: number,
  y: number,
  z: number,
): Pick<SlicePosition, 'readDirection' | 'phaseDirection' | 'sliceDirection'> | undefined {
  const square = w * w + x * x + y * y + z * z;
  if (!(square > 0.98 && square < 1.02)) return undefined;
  const s = 2 / square;
  return {
    phaseDirection: [1 - s * (y * y + z * z), s * (x * y + w * z), s * (x * z - w * y)],
    readDirection: [s * (x * y - w * z), 1 - s * (x * x + z * z), s * (y * z + w * x)],
    sliceDirection: [s * (x * z + w * y), s * (y * z - w * x), 1 - s * (x * x + y * y)],
  };
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/**
 * Slice numbers in the order of space, along the common slice normal (spec 5.2): `order[k]` is the
 * `ReadoutIndex.slice` of the k-th plane. `positions` as in `RawScan.slicePositions`; slices that were never
 * acquired are left out if others have geometry, and without any geometry the order of the counter remains.
 */
export function sliceOrder(positions: readonly (SlicePosition | undefined)[]): number[] {
  const known = positions.flatMap((position, slice) => (position ? [{ slice, position }] : []));
  if (known.length === 0) return positions.map((_, slice) => slice);
  const normal = known[0].position.sliceDirection;
  return known
    .map(({ slice, position }) => ({ slice, height: dot(position.centerMm, normal) }))
    .sort((a, b) => a.height - b.height || a.slice - b.slice)
    .map(({ slice }) => slice);
}

/**
 * Distance of neighbouring slice centres along the normal in mm: the median of all neighbours, so that one
 * missing slice does no harm. Undefined with fewer than two slices at different heights.
 */
export function sliceDistance(positions: readonly (SlicePosition | undefined)[]): number | undefined {
  const ordered = sliceOrder(positions).flatMap((slice) => positions[slice] ?? []);
  const heights = ordered.map(({ centerMm }) => dot(centerMm, ordered[0].sliceDirection));
  const steps = heights
    .slice(1)
    .map((height, i) => height - heights[i])
    .filter((step) => step > 1e-3)
    .sort((a, b) => a - b);
  return steps.length ? steps[Math.floor((steps.length - 1) / 2)] : undefined;
}
