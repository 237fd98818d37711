/** Names and randomness: ULIDs that sort by time of making, secrets from the operating system. */
import { randomBytes, randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Clock, Ids } from '../../services/ports.ts';

/** Bytes asked of the operating system at once; an id takes 16. */
const POOL_BYTES = 4_096;

/** Random numbers from 0 to 1 with the eight bits that a character of an id takes five of. */
function pooledRandom(): () => number {
  let pool = Buffer.alloc(0);
  let next = 0;
  return () => {
    if (next === pool.length) {
      pool = randomBytes(POOL_BYTES);
      next = 0;
    }
    return pool[next++] / 256;
  };
}

/** Range of randomInt below; 2^48 - 1 is the largest it takes. */
const RANDOM_STEPS = 2 ** 47;

/** Creates the source of ids; ids of one process grow even within a millisecond. */
export function createIds(clock: Clock): Ids {
  const ulid = monotonicFactory(pooledRandom());
  return {
    next: () => ulid(clock()),
    secret: (bytes) => randomBytes(bytes).toString('base64url'),
    random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  };
}
