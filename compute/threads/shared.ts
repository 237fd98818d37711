/** Large numbers in memory that all threads see. */
import type { ComplexArray } from '../array/complex.ts';
import type { AcquiredSlice } from '../mr/acquire.ts';

/** The slice with its k-space in shared memory: messages then carry no copies. */
export function sharedSlice(acquired: AcquiredSlice): AcquiredSlice {
  return withArrays(acquired, (data) => {
    const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
    shared.set(data);
    return shared;
  });
}

/** The slice with k-space of its own, to be changed in place. */
export function ownSlice(acquired: AcquiredSlice): AcquiredSlice {
  return withArrays(acquired, (data) => Float32Array.from(data));
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
