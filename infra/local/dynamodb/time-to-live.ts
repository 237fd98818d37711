/** UpdateTimeToLive, DescribeTimeToLive, and the sweep that deletes what has expired. */
import { authorizedTable, type Deps, type Operation } from './context.ts';
import { replacement, storedKey, ttlEntry } from './entries.ts';
import { invalid } from './errors.ts';
import { primaryOfTtl, ttlSeconds } from './keys.ts';
import { checkRequest } from './requests.ts';
import type { Change } from './store.ts';
import type { Table, TimeToLive } from './table.ts';
import { expiredTokens } from './tokens.ts';
import type { Item } from './values.ts';

interface UpdateRequest {
  TableName: string;
  TimeToLiveSpecification: { AttributeName: string; Enabled: boolean };
}

const SWEEP_PAGE = 200;
/** Items that expired longer ago are left alone, as in DynamoDB. */
const FIVE_YEARS_SECONDS = 5 * 365 * 86_400;

export const updateTimeToLive: Operation = async (deps, input, context) => {
  const { TableName, TimeToLiveSpecification } = checkRequest<UpdateRequest>('UpdateTimeToLive', input);
  const table = authorizedTable(deps, context, 'UpdateTimeToLive', TableName);
  const { AttributeName, Enabled } = TimeToLiveSpecification;
  const { ttl } = table;
  if (Enabled === (ttl !== undefined)) {
    throw invalid(`TimeToLive is already ${Enabled ? 'enabled' : 'disabled'}`);
  }
  if (ttl && ttl.attribute !== AttributeName) {
    throw invalid(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${ttl.attribute}`,
    );
  }
  table.ttl = Enabled
    ? { id: deps.catalog.newSpace(), attribute: AttributeName, status: 'ENABLING' }
    : undefined;
  await deps.catalog.update(table, ttl ? [ttl.id] : []);
  if (table.ttl) deps.catalog.fill(table, table.ttl);
  return { TimeToLiveSpecification };
};

export const describeTimeToLive: Operation = (deps, input, context) => {
  const { TableName } = checkRequest<{ TableName: string }>('DescribeTimeToLive', input);
  const { ttl } = authorizedTable(deps, context, 'DescribeTimeToLive', TableName);
  return {
    TimeToLiveDescription: ttl
      ? { TimeToLiveStatus: ttl.status, AttributeName: ttl.attribute }
      : { TimeToLiveStatus: 'DISABLED' },
  };
};

/** Deletes the items whose time has come, in all tables, and the tokens that nobody can use any more. */
export async function sweep(deps: Deps): Promise<void> {
  const now = deps.clock();
  for (const table of deps.catalog.all()) {
    if (table.ttl) await sweepTable(deps, table, table.ttl, Math.floor(now / 1000));
  }
  await deps.store.clear(expiredTokens(now));
}

async function sweepTable(
  { store, catalog }: Deps,
  table: Table,
  ttl: TimeToLive,
  now: number,
): Promise<void> {
  const range = {
    gte: `${ttl.id}!${ttlSeconds(Math.max(0, now - FIVE_YEARS_SECONDS))}`,
    lt: `${ttl.id}!${ttlSeconds(now)}`,
  };
  for await (const page of store.pages({ ...range, size: SWEEP_PAGE, values: false })) {
    await store.transact((latest) => {
      if (!catalog.holds(table) || table.ttl !== ttl) return { changes: [] };
      const changes: Change[] = [];
      for (const [entry] of page) {
        const primary = primaryOfTtl(entry.slice(ttl.id.length + 1));
        const stored = latest(storedKey(table, primary));
        const item = stored === undefined ? undefined : (JSON.parse(stored) as Item);
        // It may have been changed since, and live on.
        if (item && ttlEntry(ttl, item, primary) === entry)
          changes.push(...replacement(table, item, undefined));
      }
      return { changes };
    });
  }
}
