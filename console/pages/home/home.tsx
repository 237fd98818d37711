/** Home: what runs now, what came out last, and where to go from here. */
import { useEffect } from 'preact/hooks';
import { api, data, type Job } from '../../lib/api.ts';
import { watchJobs } from '../../lib/events.ts';
import { useMe } from '../../lib/me.ts';
import { Link } from '../../lib/router.tsx';
import { readUnits } from '../../lib/units.ts';
import { useResource } from '../../lib/use.ts';
import { Loading, PageHead, Problem, UnitBadge } from '../../ui/parts.tsx';
import { JobTable } from '../jobs/table.tsx';
import { FirstSteps } from './first-steps.tsx';
import { MonthCard } from './month.tsx';

/** So many of the newest jobs are shown here. */
const NEWEST = 8;
/** So many computing units; the list has them all. */
const UNITS = 4;

export function Home() {
  const me = useMe();
  const jobs = useResource(() => data(api.GET('/api/job', { params: { query: { limit: NEWEST } } })), []);
  const units = useResource(() => readUnits({ limit: UNITS }), []);
  useEffect(() => {
    const put = (job: Job): void =>
      jobs.set((now) => {
        if (!now) return now;
        const others = now.jobs.filter((one) => one.jobId !== job.jobId);
        const all = [...others, job].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
        return { ...now, jobs: all.slice(0, NEWEST) };
      });
    const removed = (jobId: string): void =>
      jobs.set((now) => now && { ...now, jobs: now.jobs.filter((one) => one.jobId !== jobId) });
    return watchJobs({ job: put, removed });
  }, []);
  const found = units.data?.units ?? [];
  const isNew = jobs.data?.jobs.length === 0;
  return (
    <>
      <PageHead
        title={`Hello, ${me.name}`}
        actions={
          <Link to="/jobs/new" class="button primary">
            New job
          </Link>
        }
      />
      <div class="columns">
        <div class="stack">
          <Problem error={jobs.error} />
          {!jobs.data && !jobs.error && <Loading what="jobs" />}
          {isNew && units.data && <FirstSteps units={found} />}
          {jobs.data && <JobTable jobs={jobs.data.jobs} />}
          {jobs.data?.cursor && <Link to="/jobs">All jobs</Link>}
        </div>
        <div class="stack">
          <section class="card" aria-labelledby="units-here">
            <div class="row row-between">
              <h2 id="units-here">Computing units</h2>
              <Link to="/units" class="small">
                All
              </Link>
            </div>
            <Problem error={units.error} />
            {found.map((unit) => (
              <p key={unit.computingUnitId} class="row row-between">
                <Link to={`/units/${unit.computingUnitId}`}>{unit.alias}</Link>
                <UnitBadge status={unit.status} />
              </p>
            ))}
            {units.data && found.length === 0 && (
              <p class="soft">
                None yet. <Link to="/units/connect">Connect your AWS account</Link>, or ask an administrator
                for the platform's.
              </p>
            )}
          </section>
          <MonthCard units={found} />
        </div>
      </div>
    </>
  );
}
