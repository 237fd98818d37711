/** Sums over square windows by a summed-area table: the same cost for every size. */

/**
 * Sums of `values` `[ny, nx]` over the window of `2 half + 1` pixels around each pixel; at the edges over the part of
 * the window that is there. float64.
 */
export function boxSums(
  values: ArrayLike<number>,
  [ny, nx]: readonly [number, number],
  half: number,
): Float64Array {
  const width = nx + 1;
  const table = new Float64Array((ny + 1) * width);
  for (let y = 0; y < ny; y++) {
    let row = 0;
    for (let x = 0; x < nx; x++) {
      row += values[y * nx + x];
      table[(y + 1) * width + x + 1] = table[y * width + x + 1] + row;
    }
  }
  const out = new Float64Array(ny * nx);
  for (let y = 0; y < ny; y++) {
    const top = Math.max(0, y - half) * width;
    const bottom = Math.min(ny, y + half + 1) * width;
    for (let x = 0; x < nx; x++) {
      const left = Math.max(0, x - half);
      const right = Math.min(nx, x + half + 1);
      out[y * nx + x] = table[bottom + right] - table[top + right] - table[bottom + left] + table[top + left];
    }
  }
  return out;
}
