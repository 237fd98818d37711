/** `cloudmr costs`: what your jobs of a month have cost. */
import { type Command, InvalidArgumentError } from 'commander';
import { type BrokerClient, type components, dataOf } from '../../../client/index.js';
import type { Cli } from '../command.ts';
import { duration, table, usd } from '../text.ts';

type UnitCost = components['schemas']['MonthCosts']['units'][number];
type Payer = UnitCost['paidBy'];

/** Adds the command. */
export function costsCommand(program: Command, cli: Cli, clock: () => number): void {
  program
    .command('costs')
    .description('what your jobs of a month have cost, by computing unit and in all')
    .option('--month <yyyy-mm>', 'the month (UTC); this one if left out', monthOf)
    .addHelpText('after', '\nExample:\n  $ cloudmr costs --month 2026-11\n\nOne job: cloudmr jobs show JOB')
    .action(async (flags: { month?: string }) => {
      const { client } = await cli.session();
      const month = flags.month ?? new Date(clock()).toISOString().slice(0, 7);
      const units = await unitsOf(client, month);
      const total = { unit_owner: 0, platform: 0 };
      for (const { paidBy, usd: sum } of units) total[paidBy] += sum;
      cli.show({ month, total, isEstimate: true, units }, () => told(month, units, total));
    });
}

function monthOf(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('a month is wanted, as 2026-11');
  return text;
}

/** The sums of all pages, the dearest unit first. */
async function unitsOf(client: BrokerClient, month: string): Promise<UnitCost[]> {
  const units = new Map<string, UnitCost>();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { month, ...(cursor ? { cursor } : {}) };
    const page = await dataOf(client.GET('/api/costs', { params: { query } }));
    for (const unit of page.units) {
      const { jobs = 0, seconds = 0, usd: sum = 0 } = units.get(unit.computingUnitId) ?? {};
      units.set(unit.computingUnitId, {
        ...unit,
        jobs: unit.jobs + jobs,
        seconds: unit.seconds + seconds,
        usd: unit.usd + sum,
      });
    }
    cursor = page.cursor;
  }
  return [...units.values()].sort((a, b) => b.usd - a.usd);
}

function told(month: string, units: readonly UnitCost[], total: Record<Payer, number>): string {
  if (units.length === 0) return `No jobs in ${month}.`;
  const rows = units.map((unit) => [
    unit.computingUnitId,
    unit.mode,
    String(unit.jobs),
    duration(unit.seconds),
    usd(unit.usd),
    unit.paidBy === 'platform' ? 'platform' : 'unit owner',
  ]);
  return [
    table(['unit', 'mode', 'jobs', 'run', 'cost', 'paid by'], rows),
    `In all: ${usd(total.unit_owner)} paid by owners of units, ${usd(total.platform)} by the platform (estimates from list prices).`,
  ].join('\n');
}
