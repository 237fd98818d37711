/** What jobs have cost, month by month, by computing unit. */
import { useRef, useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { count, duration, usd } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useResource } from '../../lib/use.ts';
import { Loading, PageHead, Problem } from '../../ui/parts.tsx';
import { addedUp, type MonthSum } from './sums.ts';

/** Pages of 200 jobs that are added up; who has more jobs in a month is told so. */
const MAX_PAGES = 10;
const MONTHS = 6;
/** So many units are shown, those that cost most; the rest in one line. */
const MAX_UNITS = 15;

/** Calls `onPart` with what is added up so far. */
async function readMonth(month: string, onPart: (sum: MonthSum) => void): Promise<MonthSum> {
  let sum: MonthSum = { jobs: 0, usd: 0, units: [], isWhole: true };
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await data(api.GET('/api/costs', { params: { query: { month, limit: 200, cursor } } }));
    sum = addedUp(sum, found);
    cursor = found.cursor ?? undefined;
    if (!cursor) return sum;
    onPart({ ...sum, isWhole: false });
  }
  return { ...sum, isWhole: false };
}

export function Costs() {
  const months = monthsBefore(new Date(), MONTHS);
  const [month, setMonth] = useState(months[0]);
  const shown = useRef(month);
  shown.current = month;
  const sums = useResource<MonthSum>(
    () => readMonth(month, (part) => shown.current === month && sums.set(() => part)),
    [month],
  );
  const found = sums.data;
  const byCost = [...(found?.units ?? [])].sort((a, b) => b.usd - a.usd);
  const [most, others] = [byCost.slice(0, MAX_UNITS), byCost.slice(MAX_UNITS)];
  const names = useUnitNames(sums.loading ? [] : most.map(({ computingUnitId }) => computingUnitId));
  return (
    <>
      <PageHead title="Costs">
        By list prices from the duration of each run; the bill of AWS has the last word.
      </PageHead>
      <div class="stack">
        {/* biome-ignore lint/a11y/useSemanticElements: a row of buttons, not of fields */}
        <div class="segmented" role="group" aria-label="Month">
          {months.map((one) => (
            <button key={one} type="button" aria-pressed={one === month} onClick={() => setMonth(one)}>
              {one}
            </button>
          ))}
        </div>
        <Problem error={sums.error} />
        {!found && !sums.error && <Loading what="costs" />}
        {found && (
          <>
            <section class="card figures" aria-label={`Costs of ${month}`}>
              <p class="figure">
                <strong>{usd(found.usd)}</strong>
                <span>
                  {found.isWhole ? 'in' : 'at least, in'} {month}
                </span>
              </p>
              <p class="figure">
                <strong>{found.jobs}</strong>
                <span>{found.jobs === 1 ? 'job' : 'jobs'}</span>
              </p>
              <p class="figure">
                <strong>{found.jobs > 0 ? usd(found.usd / found.jobs) : '–'}</strong>
                <span>a job</span>
              </p>
            </section>
            {most.length > 0 && (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
              <section class="table-box" tabIndex={0} aria-label="By computing unit">
                <table class="stackable">
                  <thead>
                    <tr>
                      <th>Computing unit</th>
                      <th>Paid by</th>
                      <th class="number">Jobs</th>
                      <th class="number">Run time</th>
                      <th class="number">Cost</th>
                    </tr>
                  </thead>
                  <tbody>
                    {most.map((unit) => (
                      <tr key={unit.computingUnitId}>
                        <td>
                          <Link class="strong" to={`/units/${unit.computingUnitId}`}>
                            {names.get(unit.computingUnitId) || unit.computingUnitId}
                          </Link>
                        </td>
                        <td data-label="Paid by">
                          {unit.paidBy === 'platform' ? 'the platform' : 'its account'}
                        </td>
                        <td data-label="Jobs" class="number">
                          {unit.jobs}
                        </td>
                        <td data-label="Run time" class="number">
                          {duration(unit.seconds)}
                        </td>
                        <td data-label="Cost" class="number">
                          {usd(unit.usd)}
                        </td>
                      </tr>
                    ))}
                    {others.length > 0 && <OthersRow units={others} />}
                  </tbody>
                </table>
              </section>
            )}
            {found.jobs === 0 && (
              <div class="card empty">
                <p>No jobs were submitted in {month}.</p>
              </div>
            )}
            {!found.isWhole && (
              <p class="soft" role="status">
                {sums.loading ? 'Adding up' : 'Only'} the newest {count(found.jobs, 'job')}
                {sums.loading ? ' …' : ' are added up here.'}
              </p>
            )}
          </>
        )}
      </div>
    </>
  );
}

function OthersRow({ units }: { units: MonthSum['units'] }) {
  const sum = (of: (unit: MonthSum['units'][number]) => number): number =>
    units.reduce((total, unit) => total + of(unit), 0);
  return (
    <tr>
      <td>{count(units.length, 'other computing unit')}</td>
      <td data-label="Paid by" />
      <td data-label="Jobs" class="number">
        {sum(({ jobs }) => jobs)}
      </td>
      <td data-label="Run time" class="number">
        {duration(sum(({ seconds }) => seconds))}
      </td>
      <td data-label="Cost" class="number">
        {usd(sum(({ usd }) => usd))}
      </td>
    </tr>
  );
}

/** The names of units; those of units that are gone stay empty. */
function useUnitNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const names = useResource(async () => {
    const named = ids.map(async (computingUnitId) => {
      const call = api.GET('/api/computing-unit/{computingUnitId}', {
        params: { path: { computingUnitId } },
      });
      return [computingUnitId, (await call).data?.alias ?? ''] as const;
    });
    return new Map(await Promise.all(named));
  }, [ids.join()]);
  return names.data ?? new Map();
}

/** This month and those before it, UTC, as 2026-11. */
function monthsBefore(now: Date, many: number): string[] {
  return Array.from({ length: many }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString().slice(0, 7),
  );
}
