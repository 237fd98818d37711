/** Images worked on in blocks of lines that stay in the first-level cache between two kernels. */

/** Complex numbers of a block: 16 KiB. */
const BLOCK_NUMBERS = 2048;

/** Lines of a block of lines of `nx` complex numbers: a multiple of 4, so that blocks begin at whole vectors. */
export function linesOfBlock(nx: number): number {
  return Math.max(4, Math.floor(BLOCK_NUMBERS / nx) & ~3);
}
