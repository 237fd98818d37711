/** Processes that tell each other what they write (news.ts), on a table in memory, with time moved by hand. */
import { createNews, type News } from '../../services/clockwork/news.ts';
import type { Tidings } from '../../services/clockwork/news-ports.ts';
import { createShares } from '../../services/clockwork/shares.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createMemoryLog } from './memory-log.ts';
import { createMemoryTable } from './memory-table.ts';

let now = 1_700_000_000_000;
export const clock = (): number => now;
export const advance = (ms: number): void => {
  now += ms;
};
let made = 0;

/** Processes on one table, of which some may be silent. */
export function world() {
  const table = createMemoryTable(createMemoryLog());
  const calls = { put: 0, list: 0 };
  function start() {
    const stores = storesOn(table, clock);
    const ids = { next: () => `broker-${++made}`, secret: () => '', random: () => 0 };
    const log = createMemoryLog();
    const shares = createShares({
      members: stores.members,
      pieces: [],
      generation: 1,
      release: '1',
      figures: () => ({}),
      unheard: () => news.unheard(),
      clock,
      ids,
      log,
    });
    const { bulletins } = stores;
    const counted = {
      ...bulletins,
      put: (bulletin: Parameters<typeof bulletins.put>[0]) => {
        calls.put++;
        return bulletins.put(bulletin);
      },
      list: () => {
        calls.list++;
        return bulletins.list();
      },
    };
    const news = createNews({ news: counted, view: shares.view, clock, log });
    const heard: (Tidings | undefined)[] = [];
    news.onHeard((tidings) => void heard.push(tidings));
    return { shares, news, heard };
  }
  return { start, calls, table };
}
export type Process = ReturnType<ReturnType<typeof world>['start']>;

/** Seconds in which these processes live. */
export async function pass(seconds: number, ...processes: Process[]): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    now += 1_000;
    for (const { shares } of processes) await shares.tick();
    for (const { news } of processes) if (news.idleMs() === 0) await news.tick();
  }
}
/** Of each whether it believes what it knows; asking is interest. */
export const wanted = (...processes: { news: News }[]): boolean[] =>
  processes.map(({ news }) => news.fresh());

/** Writes of items of these kinds fail until they are let through. */
export function cut(table: ReturnType<typeof world>['table']): Set<string> {
  const { write } = table;
  const kinds = new Set<string>();
  table.write = async (item, condition) => {
    if ([...kinds].some((partition) => item.pk === partition)) throw new Error('away');
    return write(item, condition);
  };
  return kinds;
}
