/** Names and randomness: ULIDs that sort by time of making, secrets from the operating system. */
import { randomBytes, randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Clock, Ids } from '../../services/ports.ts';

/** Range of randomInt below; 2^48 - 1 is the largest it takes. */
const RANDOM_STEPS = 2 ** 47;

/** Creates the source of ids; ids of one process grow even within a millisecond. */
export function createIds(clock: Clock): Ids {
  const ulid = monotonicFactory();
  return {
    next: () => ulid(clock()),
    secret: (bytes) => randomBytes(bytes).toString('base64url'),
    random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  };
}
