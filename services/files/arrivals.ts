/**
 * Files that were PUT without telling the broker: looked for when their owner lists files. A list looks for a few of
 * them, side by side, and waits for none for long; what has arrived is stored, and so is what cannot arrive any more,
 * so that nothing is looked for again and again.
 */
import { AppError } from '../../src/errors.ts';
import type { DataRecord } from '../../src/schemas/identity.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { unitOfFile } from '../jobs/place.ts';
import { type Clock, CloudError, type Log, type Timers, type UnitCloud } from '../ports.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import type { ChangeRecord } from './change-record.ts';

/** Files that one list looks for, one HEAD each. */
const MAX_LOOKS = 25;
/** The web client signs a person out when a list takes 5 seconds. */
const PATIENCE_MS = 1_500;
/** No URL for a single PUT lives longer than 12 hours. */
const LAST_PUT_MS = 13 * 3_600_000;
/** The buckets throw parts away that were not put together in 7 days. */
const LAST_PART_MS = 8 * 86_400_000;
const TURN_MS = 1_000;

/** The same records, those that have arrived as such. What cannot be looked at stays as it was. */
export type LookForArrivals = (records: DataRecord[]) => Promise<DataRecord[]>;

export interface ArrivalsDeps {
  usableUnit: UsableUnit;
  cloud: Pick<UnitCloud, 'headObject'>;
  change: ChangeRecord;
  timers: Pick<Timers, 'after'>;
  clock: Clock;
  log: Log;
}

/** Creates the look. */
export function createLookForArrivals(deps: ArrivalsDeps): LookForArrivals {
  const { usableUnit, cloud, change, timers, clock, log } = deps;

  /** Undefined: nothing is known that was not known before. */
  async function looked(unit: Unit, record: DataRecord): Promise<DataRecord | undefined> {
    try {
      const { sizeBytes } = await cloud.headObject(unitOfFile(unit, record), record);
      // Parts that were put together, although nobody has heard the answer; any other size is not that file.
      if (record.upload && sizeBytes !== record.sizeBytes) return undefined;
      return await change(record.ownerId, record.dataId, { sizeBytes, status: 'available' });
    } catch (error) {
      // Deleted meanwhile, or changed by many: the next list sees it.
      if (error instanceof AppError) return undefined;
      if (!(error instanceof CloudError)) throw error;
      if (error.problem === 'not_found') return gone(record);
      const { problem, awsCode } = error;
      log.warn({ unitId: unit.unitId, problem, awsCode }, 'could not look whether a file has arrived');
      return undefined;
    }
  }

  async function gone(record: DataRecord): Promise<DataRecord | undefined> {
    const last = record.createdAt + (record.upload ? LAST_PART_MS : LAST_PUT_MS);
    if (clock() < last) return undefined;
    try {
      return await change(record.ownerId, record.dataId, { absent: true });
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async function lookAll(records: DataRecord[], known: Map<string, DataRecord>): Promise<void> {
    const units = new Map<string, ReturnType<UsableUnit>>();
    await Promise.all(
      records.map(async (record) => {
        const asked = units.get(record.unitId) ?? usableUnit(record.ownerId, record.unitId);
        units.set(record.unitId, asked);
        const unit = await asked;
        const next = unit && (await looked(unit, record));
        if (next) known.set(record.dataId, next);
      }),
    );
  }

  return async (records) => {
    const open = records.filter(({ status, absent }) => status !== 'available' && !absent);
    if (open.length === 0) return records;
    // Of many, each list begins with others: what never arrives does not keep the rest from being seen.
    const from = open.length > MAX_LOOKS ? Math.floor(clock() / TURN_MS) % open.length : 0;
    const known = new Map<string, DataRecord>();
    const looks = lookAll([...open.slice(from), ...open.slice(0, from)].slice(0, MAX_LOOKS), known);
    let stop = (): void => {};
    const patience = new Promise<void>((over) => {
      stop = timers.after(PATIENCE_MS, over);
    });
    await Promise.race([looks, patience]).finally(stop);
    return records.map((record) => known.get(record.dataId) ?? record);
  };
}
