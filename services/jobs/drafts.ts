/** Pipelines that scripts of older generations make before they queue the job: a name and an id, nothing that runs. */
import type { Draft } from '../../src/schemas/draft.ts';
import type { SpendToday } from '../limits/allowances.ts';
import type { Clock, DraftStore, Ids } from '../ports.ts';
import type { Principal } from '../principal.ts';

/** A draft that is never queued goes after this. */
const LIFE_MS = 7 * 24 * 3_600_000;

export interface Drafts {
  /** A new pipeline; the job that is queued for it gets its id, and its name if it has none of its own. */
  create(who: Principal, wish: { appId: string; alias?: string }): Promise<Draft>;
  /** A person's own draft; undefined for any other id. */
  find(who: Principal, draftId: string): Promise<Draft | undefined>;
}

/** Creates the service of drafts. */
export function createDrafts(deps: {
  drafts: DraftStore;
  spendToday: SpendToday;
  clock: Clock;
  ids: Ids;
}): Drafts {
  const { drafts, spendToday, clock, ids } = deps;
  return {
    async create(who, { appId, alias }) {
      await spendToday(who.userId, 'drafts');
      const now = clock();
      const draft = {
        draftId: ids.next(),
        ownerId: who.userId,
        appId,
        alias,
        createdAt: now,
        expiresAt: now + LIFE_MS,
      };
      await drafts.put(draft);
      return draft;
    },
    async find(who, draftId) {
      const draft = await drafts.get(who.userId, draftId);
      return draft && draft.expiresAt > clock() ? draft : undefined;
    },
  };
}
