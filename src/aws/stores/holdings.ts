/**
 * What a person holds, counted in one item that changes in the same transaction as the thing itself: a cap costs two
 * more items in the request, however much is stored, and cannot be outrun by asking twice at once.
 */

import { createLanes } from '../../../services/clockwork/lanes.ts';
import type { HoldingStore } from '../../../services/limits/allowances.ts';
import { AppError } from '../../errors.ts';
import { type Held, type Holdings, holdings as shape } from '../../schemas/holdings.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { Operation } from '../table/gathered-transactions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { holdingsKey } from '../table/table.ts';

export const HOLDINGS: Kind<Holdings> = { name: 'holdings', schema: 1, shape };

/** Against other processes that count for the same person; those of this one stand in line. */
const MAX_ROUNDS = 12;

type Counted = Exclude<Held, 'tokens'>;
/** A token comes or goes; those that have ended by `now` are not counted any more. */
interface TokenChange {
  readonly by: 1 | -1;
  readonly endsAt: number;
  readonly now: number;
}

export type HoldingsChange = Partial<Record<Counted, number>> & { readonly tokens?: TokenChange };

export interface HoldingsTable extends HoldingStore {
  /**
   * Writes `operations` and the changed counts, all or nothing. `full`: what is above its cap then, nothing was
   * written. Else `written`, or for each operation whether its condition failed.
   */
  transact(
    ownerId: string,
    change: HoldingsChange,
    caps: Partial<Record<Held, number>>,
    operations: Operation[],
  ): Promise<'written' | { full: Held } | boolean[]>;
}

/** Creates it. Counts of things from before there were counts are missing: they never fall below 0. */
export function createHoldings(table: ItemTable): HoldingsTable {
  const lanes = createLanes();

  async function current(ownerId: string): Promise<Holdings> {
    const stored = await table.read(HOLDINGS, holdingsKey(ownerId));
    return stored ?? { ...NOTHING, ownerId };
  }

  return {
    transact(ownerId, change, caps, operations) {
      return lanes.within([ownerId], async () => {
        for (let round = 0; round < MAX_ROUNDS; round++) {
          const found = await current(ownerId);
          const next = changed(found, change);
          const full = fullOf(next, change, caps);
          if (full) return { full };
          const outcome = await table.transact([...operations, put(next)]);
          if (outcome === 'written' || outcome.slice(0, -1).includes(true)) {
            return outcome === 'written' ? outcome : outcome.slice(0, -1);
          }
        }
        throw tooManyAtOnce();
      });
    },

    spend(ownerId, what, day, cap) {
      return lanes.within([ownerId], async () => {
        for (let round = 0; round < MAX_ROUNDS; round++) {
          const found = await current(ownerId);
          const today = found.day === day ? found.today : NOTHING_TODAY;
          if (today[what] >= cap) return false;
          const next = {
            ...found,
            day,
            today: { ...today, [what]: today[what] + 1 },
            version: found.version + 1,
          };
          const { put: item, condition } = put(next);
          if (await table.write(item, condition)) return true;
        }
        throw tooManyAtOnce();
      });
    },
  };
}

const COUNTED: readonly Counted[] = ['files', 'uploads', 'units', 'webhooks'];
const NOTHING_TODAY = { drafts: 0, externalIds: 0, challenges: 0 };
const NOTHING = {
  files: 0,
  uploads: 0,
  units: 0,
  webhooks: 0,
  tokenEnds: [],
  day: '',
  today: NOTHING_TODAY,
  version: 0,
};

function changed(found: Holdings, change: HoldingsChange): Holdings {
  const next = { ...found, version: found.version + 1 };
  for (const name of COUNTED) next[name] = Math.max(0, found[name] + (change[name] ?? 0));
  return change.tokens ? { ...next, tokenEnds: tokenEnds(found.tokenEnds, change.tokens) } : next;
}

function tokenEnds(found: readonly number[], { by, endsAt, now }: TokenChange): number[] {
  const left = found.filter((end) => end > now);
  if (by > 0) return [...left, endsAt];
  const gone = left.indexOf(endsAt);
  return left.filter((_end, index) => index !== gone);
}

/** What there is more of than allowed, if that is what the change adds to. */
function fullOf(
  next: Holdings,
  change: HoldingsChange,
  caps: Partial<Record<Held, number>>,
): Held | undefined {
  if (change.tokens?.by === 1 && next.tokenEnds.length > (caps.tokens ?? Infinity)) return 'tokens';
  return COUNTED.find((name) => (change[name] ?? 0) > 0 && next[name] > (caps[name] ?? Infinity));
}

function put(next: Holdings) {
  return {
    put: toItem(HOLDINGS, holdingsKey(next.ownerId), next, { version: next.version }),
    condition: next.version === 1 ? ABSENT : ofVersion(next.version - 1),
  };
}

function tooManyAtOnce(): AppError {
  return new AppError('conflict', 'too many requests of this person change what they hold at once');
}
