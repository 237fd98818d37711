/** `cloudmr costs`: what your jobs of a month have cost. */
import { type Command, InvalidArgumentError } from 'commander';
import { type BrokerClient, dataOf } from '../../../client/index.js';
import type { Cli } from '../command.ts';
import { hasEnded, type JobView } from '../run/follow.ts';
import { table, usd } from '../text.ts';

/** Requests at once. */
const AT_ONCE = 8;

/** Adds the command. */
export function costsCommand(program: Command, cli: Cli, clock: () => number): void {
  program
    .command('costs')
    .description('what your jobs of a month have cost, by job and in all')
    .option('--month <yyyy-mm>', 'the month (UTC); this one if left out', monthOf)
    .option('--limit <n>', 'at most so many jobs, the newest', Number, 200)
    .action(async ({ month, limit }: { month?: string; limit: number }) => {
      const { client } = await cli.session();
      const wanted = month ?? new Date(clock()).toISOString().slice(0, 7);
      const jobs = (await jobsOf(client, wanted, limit)).filter(hasEnded);
      const costs = await all(jobs, ({ jobId }) =>
        dataOf(client.GET('/api/job/{jobId}/cost', { params: { path: { jobId } } })),
      );
      const total = { platform: 0, unit_owner: 0 };
      for (const { paidBy, usd: sum } of costs) total[paidBy] += sum;
      cli.show({ month: wanted, total, jobs: costs }, () => {
        const rows = costs.map(({ jobId, usd: sum, seconds, paidBy }, i) => [
          jobId,
          usd(sum),
          `${seconds.toFixed(1)} s`,
          paidBy === 'platform' ? 'platform' : 'unit owner',
          jobs[i].alias,
        ]);
        const sums = `In all: ${usd(total.unit_owner)} paid by owners of units, ${usd(total.platform)} by the platform (estimates from list prices).`;
        return rows.length === 0
          ? `No jobs ended in ${wanted}.`
          : `${table(['job', 'cost', 'run', 'paid by', 'name'], rows)}\n${sums}`;
      });
    });
}

function monthOf(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('a month is wanted, as 2026-11');
  return text;
}

/** Newest first, until an older month begins. */
async function jobsOf(client: BrokerClient, month: string, limit: number): Promise<JobView[]> {
  const found: JobView[] = [];
  let cursor: string | undefined;
  for (;;) {
    const query = { limit: 100, ...(cursor ? { cursor } : {}) };
    const page = await dataOf(client.GET('/api/job', { params: { query } }));
    found.push(...page.jobs.filter(({ createdAt }) => createdAt.startsWith(month)));
    const oldest = page.jobs.at(-1);
    if (found.length >= limit || !page.cursor || !oldest || oldest.createdAt.slice(0, 7) < month) {
      return found.slice(0, limit);
    }
    cursor = page.cursor;
  }
}

/** `work` over all, some at once, in order. */
async function all<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))));
  }
  return results;
}
