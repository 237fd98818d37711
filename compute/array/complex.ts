/**
 * The one complex array of `compute/`: interleaved float32 (re, im, re, im, ...), C order, `shape` listed
 * slowest -> fastest. Interleaved because scanner files and the WASM kernels are, so nothing is copied on
 * the way. A k-space or image slice is `[coil, y, x]` with x = readout (frequency), y = phase encoding;
 * a 3-D volume `[coil, z, y, x]`. See ../CONVENTIONS.md.
 */
export interface ComplexArray {
  /** 2 * product(shape) numbers. */
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A real array (maps, masks): float32, C order, same axis rule. */
export interface RealArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** A complex array of zeros. Throws RangeError on a negative or fractional dimension. */
export function complexZeros(shape: readonly number[]): ComplexArray {
  mustBeShape(shape);
  return { data: new Float32Array(2 * sizeOf(shape)), shape };
}

/** A real array of zeros. Throws RangeError on a negative or fractional dimension. */
export function realZeros(shape: readonly number[]): RealArray {
  mustBeShape(shape);
  return { data: new Float32Array(sizeOf(shape)), shape };
}

/** Wraps interleaved numbers without copying. Throws RangeError if the length does not fit the shape. */
export function complexFrom(data: Float32Array, shape: readonly number[]): ComplexArray {
  mustBeShape(shape);
  if (data.length !== 2 * sizeOf(shape)) {
    throw new RangeError(`${data.length} numbers do not fill a complex array of shape [${shape}]`);
  }
  return { data, shape };
}

/** A copy with memory of its own. */
export function copyOf({ data, shape }: ComplexArray): ComplexArray {
  return { data: data.slice(), shape };
}

/** Plane `index` along the slowest axis, as a view on the same memory. */
export function plane(array: ComplexArray, index: number): ComplexArray {
  const shape = array.shape.slice(1);
  const length = 2 * sizeOf(shape);
  return { data: array.data.subarray(index * length, (index + 1) * length), shape };
}

function mustBeShape(shape: readonly number[]): void {
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) throw new RangeError(`not a shape: [${shape}]`);
  }
}
