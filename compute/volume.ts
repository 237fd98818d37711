/** Where the planes of a result lie in space: their order, the voxel size, the affine. */
import type { Affine } from './formats/nifti-geometry.ts';
import { affineOf } from './formats/nifti-geometry.ts';
import type { RawScan } from './formats/scan.ts';
import { sliceDistance, sliceOrder } from './formats/slices.ts';
import type { KSpaceGrid } from './mr/kspace.ts';

export interface Volume {
  /** Plane numbers (2-D: slices of the file) in the order of space: plane k of the volume is `order[k]`. */
  readonly order: readonly number[];
  readonly spacingMm: readonly [number, number, number];
  /** Undefined if the file has no positions. */
  readonly affine: Affine | undefined;
  readonly warnings: readonly string[];
}

type Scan = Pick<RawScan, 'header' | 'slicePositions'>;

/**
 * Positions of the planes of a scan by their number: those of the slices, in 3-D plane z of slab s at number
 * s * planes + z, along the slice direction from the centre of the slab.
 */
export function planePositions({ header, slicePositions }: Scan, grid: KSpaceGrid): Scan['slicePositions'] {
  const { planes, partitions } = grid;
  if (partitions === 1) return slicePositions;
  const step = header.reconFovMm.z / planes || header.sliceThicknessMm || 1;
  return slicePositions.flatMap((position) =>
    Array.from({ length: planes }, (_, z) => {
      const shift = (z - Math.floor(planes / 2)) * step;
      const centre = position?.centerMm.map((mm, axis) => mm + shift * position.sliceDirection[axis]);
      return position && centre && { ...position, centerMm: [centre[0], centre[1], centre[2]] as const };
    }),
  );
}

/** The volume that the given planes of a scan make. Sizes the header does not know become 1 mm. */
export function volumeOf(scan: Scan, grid: KSpaceGrid, slices: readonly number[]): Volume {
  const { header, slicePositions } = scan;
  const warnings: string[] = [];
  const measured = new Set(slices);
  const positions = slicePositions.map((position, slice) => (measured.has(slice) ? position : undefined));
  const sorted = sliceOrder(positions).filter((slice) => measured.has(slice));
  const rest = slices.filter((slice) => !sorted.includes(slice));
  const order = [...sorted, ...rest];
  const first = positions[order[0]];
  if (rest.length > 0 && sorted.length > 0)
    warnings.push('Some slices have no position; they come last in the volume.');

  const size = (axis: string, ...candidates: (number | undefined)[]): number => {
    const known = candidates.find((mm) => mm !== undefined && Number.isFinite(mm) && mm > 0);
    if (known === undefined) warnings.push(`The voxel size along the ${axis} is unknown; 1 mm is written.`);
    return known ?? 1;
  };
  const spacingMm: [number, number, number] = [
    size('readout', header.encodedFovMm.x / grid.storedColumns, header.reconFovMm.x / grid.columns),
    size('phase encoding', header.encodedFovMm.y / grid.lines, header.reconFovMm.y / header.reconMatrix.y),
    size('slice', sliceDistance(positions), header.sliceThicknessMm, header.reconFovMm.z),
  ];
  if (first && differs(positions, first.sliceDirection)) {
    warnings.push(
      'The slices have different orientations; the geometry in the files is that of the first one.',
    );
  }
  if (!first) warnings.push('The file has no slice positions; the maps have no place in space.');
  const affine = first && affineOf({ matrix: [grid.columns, grid.lines], spacingMm, position: first });
  return { order, spacingMm, affine, warnings };
}

/** True if the normal of any slice deviates from `normal` by more than about one degree. */
function differs(positions: RawScan['slicePositions'], normal: readonly number[]): boolean {
  return positions.some((position) => {
    if (!position) return false;
    const [x, y, z] = position.sliceDirection;
    return x * normal[0] + y * normal[1] + z * normal[2] < 0.9998;
  });
}

/** The same volume on a matrix of another size over the same field of view, the centre at floor(n / 2) of both. */
export function volumeOnMatrix(
  volume: Volume,
  from: readonly [number, number],
  to: readonly [number, number],
): Volume {
  if (from[0] === to[0] && from[1] === to[1]) return volume;
  const [x, y] = [from[0] / to[0], from[1] / to[1]];
  const { spacingMm, affine } = volume;
  const moved = affine?.map(([a, b, c, d]) => [
    a * x,
    b * y,
    c,
    d +
      a * (Math.floor(from[0] / 2) - x * Math.floor(to[0] / 2)) +
      b * (Math.floor(from[1] / 2) - y * Math.floor(to[1] / 2)),
  ]);
  return {
    ...volume,
    spacingMm: [spacingMm[0] * x, spacingMm[1] * y, spacingMm[2]],
    affine: moved && [moved[0], moved[1], moved[2]],
  };
}
