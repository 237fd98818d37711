/** Caps on what one person may hold or ask for, beside jobs: what is refused says how many there may be. */
import { AppError } from '../../src/errors.ts';
import { type AskedToday, type Held, MOST_A_DAY, MOST_HELD } from '../../src/schemas/holdings.ts';
import type { Clock } from '../ports.ts';

/** Counts of one person's things, and of what they have asked for today. */
export interface HoldingStore {
  /** Counts one more of this day; false if there were as many as `cap` already. */
  spend(ownerId: string, what: AskedToday, day: string, cap: number): Promise<boolean>;
}

const DAY_MS = 24 * 3_600_000;

const HELD_WORDS: Record<Held, { name: string; remedy: string }> = {
  files: { name: 'files', remedy: 'Delete files that are not needed any more (DELETE /api/data/{dataId}).' },
  uploads: {
    name: 'unfinished uploads in parts',
    remedy: 'Complete them, or give them up (DELETE /api/data/{dataId}).',
  },
  units: {
    name: 'computing units',
    remedy: 'Remove units that are not needed any more (DELETE /api/computing-unit/{computingUnitId}).',
  },
  webhooks: {
    name: 'webhooks',
    remedy: 'Delete webhooks that are not needed any more (DELETE /api/webhooks/{webhookId}).',
  },
  tokens: {
    name: 'personal access tokens',
    remedy: 'Revoke tokens that are not needed any more (DELETE /api/profile/tokens/{tokenId}).',
  },
};

const ASKED_WORDS: Record<AskedToday, string> = {
  drafts: 'pipelines that were never queued',
  externalIds: 'external IDs',
  challenges: 'challenges',
};

/** The refusal of one more. */
export function tooMany(what: Held): AppError {
  const { name, remedy } = HELD_WORDS[what];
  const limit = MOST_HELD[what];
  return new AppError('too_many', `One person has at most ${limit} ${name}.`, {
    remedy,
    details: { what, limit },
  });
}

/** Counts one more request of today for something that ends by itself. @throws AppError limit_reached */
export type SpendToday = (ownerId: string, what: AskedToday) => Promise<void>;

/** Creates the count of requests by day (UTC). */
export function createSpendToday(deps: { holdings: HoldingStore; clock: Clock }): SpendToday {
  return async (ownerId, what) => {
    const now = deps.clock();
    const limit = MOST_A_DAY[what];
    const day = new Date(now).toISOString().slice(0, 10);
    if (await deps.holdings.spend(ownerId, what, day, limit)) return;
    const retryAfterSeconds = Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000);
    throw new AppError(
      'limit_reached',
      `One person asks for at most ${limit} ${ASKED_WORDS[what]} in a day (UTC).`,
      {
        remedy: 'Use one of those that you have, or wait until the day (UTC) is over: see Retry-After.',
        details: { what, limit, retryAfterSeconds },
      },
    );
  };
}
