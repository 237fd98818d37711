/** Lines measured with a reversed read gradient run from the other end of k-space. */

/** Reverses the order of the samples of every coil in place; `data` is interleaved complex `[coil][sample]`. */
export function turnRound(data: Float32Array, coils: number, samples: number): void {
  for (let coil = 0; coil < coils; coil++) {
    let low = 2 * coil * samples;
    let high = low + 2 * (samples - 1);
    for (; low < high; low += 2, high -= 2) {
      const re = data[low];
      const im = data[low + 1];
      data[low] = data[high];
      data[low + 1] = data[high + 1];
      data[high] = re;
      data[high + 1] = im;
    }
  }
}
