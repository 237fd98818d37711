/** One job: how far it is, what came out, what it cost, what went wrong and what to do. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, data, type Job } from '../../lib/api.ts';
import { watchJobs } from '../../lib/events.ts';
import { actorName, duration, modeName, percent, when } from '../../lib/format.ts';
import { goTo, Link } from '../../lib/router.tsx';
import { useAct, useNow, useResource } from '../../lib/use.ts';
import { Loading, Notice, PageHead, Problem, Progress, StateBadge } from '../../ui/parts.tsx';
import { Viewer } from '../../viewer/viewer.tsx';
import { JobActions } from './actions.tsx';
import { CostCard } from './cost.tsx';
import { Figures } from './figures.tsx';
import { HistoryCard } from './history.tsx';

const ENDED = ['succeeded', 'failed', 'canceled', 'lost'];

export function JobPage({ id }: { id: string }) {
  const job = useResource(() => data(api.GET('/api/job/{jobId}', { params: { path: { jobId: id } } })), [id]);
  const [gone, setGone] = useState(false);
  const version = useRef(0);
  version.current = job.data?.version ?? 0;
  const put = (next: Job): void => {
    // A stream that connects again may tell what is known already.
    if (next.version >= version.current) job.set(() => next);
  };
  useEffect(() => watchJobs({ job: put, removed: () => setGone(true) }, id), [id]);

  if (gone) {
    return (
      <div class="card empty">
        <h1>This job was deleted</h1>
        <Link to="/jobs">All jobs</Link>
      </div>
    );
  }
  if (!job.data) {
    return (
      <>
        <PageHead title="Job" />
        {job.error ? <Problem error={job.error} /> : <Loading what="the job" />}
      </>
    );
  }
  return <Known job={job.data} onChange={put} />;
}

function Known({ job, onChange }: { job: Job; onChange: (job: Job) => void }) {
  const ended = ENDED.includes(job.state);
  return (
    <>
      <PageHead
        title={job.alias}
        actions={
          <JobActions job={job} onChange={onChange} onDeleted={() => goTo('/jobs', { replace: true })} />
        }
      >
        <span class="row">
          <StateBadge state={job.state} />
          <span>
            {modeName(job.mode)}
            {job.platform && ` · ${job.platform === 'lambda' ? 'Lambda' : 'Fargate'}`} · {when(job.createdAt)}
          </span>
        </span>
      </PageHead>
      <div class="stack">
        {!ended && <Live job={job} />}
        {job.failure && job.state !== 'canceled' && <Failure job={job} />}
        {job.state === 'canceled' && (
          <Notice>
            <p>This job was stopped before its end. Its uploaded files are still there.</p>
          </Notice>
        )}
        {job.state === 'succeeded' && (
          <>
            <Figures job={job} />
            <Viewer jobId={job.jobId} attempt={job.attempt} alias={job.alias} resultBytes={job.resultBytes} />
          </>
        )}
        <div class="halves">
          <HistoryCard job={job} />
          <CostCard job={job} />
        </div>
      </div>
    </>
  );
}

function Live({ job }: { job: Job }) {
  const now = useNow(1_000);
  const { progress } = job;
  const since = (now - Date.parse(job.startedAt ?? job.createdAt)) / 1000;
  const likely = job.estimate?.seconds.likely;
  const words: Record<string, string> = {
    queued: 'Waiting for its turn',
    starting: 'Starting in the computing unit',
    running: 'Running',
    canceling: 'Stopping',
  };
  return (
    <section class="card" aria-label="Progress">
      <div class="row row-between" role="status">
        <h2>{progress && job.state === 'running' ? progress.message : words[job.state]}</h2>
        <span class="soft">
          {duration(since)}
          {likely !== undefined && ` of about ${duration(likely)}`}
        </span>
      </div>
      <Progress value={progress?.fraction ?? 0} label="Progress of the job" />
      {progress && <p class="soft small">{percent(progress.fraction)}</p>}
    </section>
  );
}

function Failure({ job }: { job: Job }) {
  const failure = job.failure;
  const bundle = useAct(async () => {
    const { url } = await data(
      api.GET('/api/job/{jobId}/result', { params: { path: { jobId: job.jobId } } }),
    );
    location.assign(url);
  });
  if (!failure) return null;
  return (
    <section class="notice notice-bad" aria-label="Why it failed">
      <h2>{failure.message}</h2>
      <p>
        <strong>What to do: </strong>
        {failure.remedy}
      </p>
      <p>
        <strong>Who must act: </strong>
        {actorName(failure.actor)}
      </p>
      <p class="row">
        <code>{failure.code}</code>
        {job.progress && (
          <button type="button" class="tight" disabled={bundle.busy} onClick={() => void bundle.run()}>
            Failure bundle (zip)
          </button>
        )}
      </p>
      <Problem error={bundle.error} />
    </section>
  );
}
