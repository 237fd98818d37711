/**
 * The arena of one kernel instance: memory is handed out upwards from the end of the static data and
 * given back by resetting the top. The caller (../kernels.ts) owns the order; kernels never allocate
 * while they run, they work in blocks that are passed to them.
 */

const ALIGNMENT: usize = 64;
const PAGE_BITS: usize = 16;

let top: usize = 0;

@inline
function aligned(address: usize): usize {
  return (address + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/** Address of `bytes` fresh bytes (contents undefined), or 0 if the memory cannot grow that far. */
export function alloc(bytes: usize): usize {
  if (top == 0) top = aligned(__heap_base);
  const start = top;
  const end = start + aligned(bytes);
  if (end < start) return 0;
  const pages = <i32>((end + (1 << PAGE_BITS) - 1) >> PAGE_BITS) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) return 0;
  top = end;
  return start;
}

/** The present top of the arena, for `release`. */
export function mark(): usize {
  if (top == 0) top = aligned(__heap_base);
  return top;
}

/** Gives back everything that was allocated after `position` was taken with `mark`. */
export function release(position: usize): void {
  top = position;
}
