/**
 * k-space in memory that all threads see: messages then carry no copies. The memory is used again for the slices that
 * follow, because what is shared is only given back when every thread has collected its garbage.
 */
import type { ComplexArray } from '../array/complex.ts';
import type { AcquiredSlice } from '../mr/acquire.ts';

/** A slice in shared memory until it is released. */
export interface SharedSlice {
  readonly acquired: AcquiredSlice;
  /** The memory may be used for another slice: nobody will read this one any more. */
  release(): void;
}

/** Copies slices into shared memory. */
export function createSharedSlices(): (acquired: AcquiredSlice) => SharedSlice {
  const free: SharedArrayBuffer[] = [];
  return (acquired) => {
    const used: SharedArrayBuffer[] = [];
    const shared = withArrays(acquired, (data) => {
      const fitting = free.findIndex(({ byteLength }) => byteLength === data.byteLength);
      const buffer = fitting < 0 ? new SharedArrayBuffer(data.byteLength) : free.splice(fitting, 1)[0];
      used.push(buffer);
      const copy = new Float32Array(buffer);
      copy.set(data);
      return copy;
    });
    return { acquired: shared, release: () => void free.push(...used.splice(0)) };
  };
}

/** Copies slices out of shared memory, to be changed in place; each into the memory of the one before. */
export function createOwnSlice(): (acquired: AcquiredSlice) => AcquiredSlice {
  let mine: Float32Array[] = [];
  return (acquired) => {
    const before = mine;
    mine = [];
    return withArrays(acquired, (data) => {
      const reused = before.find((array) => array.length === data.length && !mine.includes(array));
      const copy = reused ?? new Float32Array(data.length);
      copy.set(data);
      mine.push(copy);
      return copy;
    });
  };
}

function withArrays(acquired: AcquiredSlice, copy: (data: Float32Array) => Float32Array): AcquiredSlice {
  const copied = (array: ComplexArray): ComplexArray => ({ data: copy(array.data), shape: array.shape });
  const { kspace, calibration } = acquired;
  return {
    ...acquired,
    kspace: copied(kspace),
    calibration: calibration && {
      ...calibration,
      kspace: calibration.kspace && copied(calibration.kspace),
    },
  };
}
