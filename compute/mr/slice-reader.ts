/** Planes of a volume one after the other, from slices or from 3-D slabs. */
import { copyOf } from '../array/complex.ts';
import type { RawScan, ReadoutIndex } from '../formats/scan.ts';
import { assembleSlab, assembleSlice, type KSpaceSlab } from './assemble.ts';
import type { KSpaceGrid, KSpaceSlice } from './kspace.ts';
import { latticeStatistics } from './kspace.ts';
import { FULL } from './lattice.ts';

/** Which k-space is read. */
export interface SliceRequest {
  readonly what: 'image' | 'calibration';
  /** A slice; in 3-D plane z of slab s: s * planes + z. */
  readonly plane: number;
  /** Undefined: all together. */
  readonly repetition: number | undefined;
  /** The readouts that count, the same for every plane of a slab. */
  readonly wanted: (readout: ReadoutIndex) => boolean;
}

/** Reads the k-space of a plane, which the caller may change. */
export type SliceReader = (request: SliceRequest) => Promise<KSpaceSlice>;

/** A reader that keeps the latest slab of both kinds; 2-D slices are read anew and not kept. */
export function createSliceReader(scan: RawScan, grid: KSpaceGrid, signal?: AbortSignal): SliceReader {
  const kept = new Map<string, { name: string; slab: KSpaceSlab }>();
  return async ({ what, plane, repetition, wanted }) => {
    const slice = Math.floor(plane / grid.planes);
    if (grid.partitions === 1) return assembleSlice(scan, grid, slice, wanted, signal);
    const name = `${slice} ${repetition}`;
    let entry = kept.get(what);
    if (entry?.name !== name) {
      kept.delete(what);
      entry = { name, slab: await assembleSlab(scan, grid, slice, wanted, signal) };
      kept.set(what, entry);
    }
    const { planes, lines } = entry.slab;
    return { kspace: copyOf(planes[plane % grid.planes]), ...lines, ...latticeStatistics(lines, FULL) };
  };
}
