/** Jobs as they come: at random, the same for the same seed. */

const SEED = 20_260_801;

/** How many arrive in each of so many seconds. */
export function arrivals(perSecond: number, seconds: number): number[] {
  const random = randoms();
  return Array.from({ length: seconds }, () => poisson(perSecond, random));
}

/** Numbers in [0, 1), the same every time. */
export const randoms = (): (() => number) => mulberry32(SEED);

/** Arrivals in a second; by the normal law where they are many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let product = random(); product > Math.exp(-mean); product *= random()) count++;
  return count;
}

/** Mulberry32 (T. Ettinger, public domain): the same sequence for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
