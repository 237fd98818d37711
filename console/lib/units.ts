/** Lists of computing units, a page at a time. */
import { api, data, type Mode, type Unit } from './api.ts';

export interface UnitPage {
  readonly units: readonly Unit[];
  readonly cursor: string | undefined;
}

export interface UnitWish {
  readonly limit: number;
  readonly cursor?: string;
  readonly mode?: Mode;
  /** One's own alone: 50 at most. */
  readonly own?: boolean;
  /** A part of the name or of the account's number. */
  readonly search?: string;
}

/** Those of the platform first, then shared ones, then one's own; each newest first. */
export async function readUnits(query: UnitWish): Promise<UnitPage> {
  const found = await data(api.GET('/api/computing-unit/list', { params: { query } }));
  return { units: found.computingUnits, cursor: found.cursor ?? undefined };
}
