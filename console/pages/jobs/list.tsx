/** All jobs, newest first, a page at a time. */
import { useEffect, useState } from 'preact/hooks';
import { api, data, type Job, type JobState } from '../../lib/api.ts';
import { watchJobs } from '../../lib/events.ts';
import { goTo, Link, usePlace } from '../../lib/router.tsx';
import { useResource } from '../../lib/use.ts';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { Loading, PageHead, Problem } from '../../ui/parts.tsx';
import { JobTable } from './table.tsx';

/** One page of the list: what a screen or two hold. */
const PAGE = 25;

const FILTERS = [
  ['', 'All'],
  ['queued,starting,running,canceling', 'Under way'],
  ['succeeded', 'Succeeded'],
  ['failed,lost', 'Failed'],
  ['canceled', 'Canceled'],
] as const;

export function JobList() {
  const { query } = usePlace();
  const state = query.get('state') ?? '';
  const [alias, setAlias] = useState('');
  const [wanted, setWanted] = useState('');
  const [cursors, setCursors] = useState<(string | null | undefined)[]>([undefined]);
  const cursor = cursors[cursors.length - 1] ?? undefined;
  useEffect(() => {
    const timer = setTimeout(() => {
      setWanted(alias.trim());
      setCursors([undefined]);
    }, 300);
    return () => clearTimeout(timer);
  }, [alias]);
  const jobs = useResource(
    () =>
      data(
        api.GET('/api/job', {
          params: {
            query: {
              limit: PAGE,
              cursor,
              state: state || undefined,
              alias: wanted || undefined,
            },
          },
        }),
      ),
    [state, wanted, cursor],
  );
  useEffect(() => watchJobs({ job: put, removed: drop }), []);

  function put(job: Job): void {
    jobs.set((now) => now && { ...now, jobs: now.jobs.map((one) => (one.jobId === job.jobId ? job : one)) });
  }
  function drop(jobId: string): void {
    jobs.set((now) => now && { ...now, jobs: now.jobs.filter((one) => one.jobId !== jobId) });
  }

  return (
    <>
      <PageHead
        title="Jobs"
        actions={
          <>
            <Link to="/compare" class="button">
              Compare two
            </Link>
            <Link to="/jobs/new" class="button primary">
              New job
            </Link>
          </>
        }
      >
        Newest first. States change here by themselves.
      </PageHead>
      <div class="stack">
        <div class="field-row">
          <SelectField
            label="Show"
            value={FILTERS.some(([value]) => value === state) ? (state as JobState) : ('' as JobState)}
            options={FILTERS as unknown as readonly (readonly [JobState, string])[]}
            onValue={(next) => {
              setCursors([undefined]);
              goTo(next ? `/jobs?state=${encodeURIComponent(next)}` : '/jobs', { replace: true });
            }}
          />
          <TextField label="Name begins with" type="search" value={alias} onValue={setAlias} />
        </div>
        <Problem error={jobs.error} />
        {!jobs.data && !jobs.error && <Loading what="jobs" />}
        {jobs.data && <JobTable jobs={jobs.data.jobs} />}
        {jobs.data && jobs.data.jobs.length === 0 && (
          <div class="card empty">
            <h2>{state || wanted ? 'No such jobs on this page' : 'No jobs yet'}</h2>
            <p>
              {state || wanted
                ? 'Older ones may follow on the next page.'
                : 'Upload raw data, choose a method, and the SNR map appears here.'}
            </p>
          </div>
        )}
        <Pager
          first={cursors.length === 1}
          last={!jobs.data?.cursor}
          onBack={() => setCursors(cursors.slice(0, -1))}
          onNext={() => setCursors([...cursors, jobs.data?.cursor])}
        />
      </div>
    </>
  );
}

export function Pager({
  first,
  last,
  onBack,
  onNext,
}: {
  first: boolean;
  last: boolean;
  onBack: () => void;
  onNext: () => void;
}) {
  if (first && last) return null;
  return (
    <nav class="row row-between" aria-label="Pages">
      <button type="button" disabled={first} onClick={onBack}>
        Newer
      </button>
      <button type="button" disabled={last} onClick={onNext}>
        Older
      </button>
    </nav>
  );
}
