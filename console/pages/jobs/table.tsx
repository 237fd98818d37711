/** Jobs as a table; on a phone as a list. */
import type { Job } from '../../lib/api.ts';
import { ago, figure, modeName, percent } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useNow } from '../../lib/use.ts';
import { Progress, StateBadge } from '../../ui/parts.tsx';

export function JobTable({ jobs }: { jobs: readonly Job[] }) {
  const now = useNow(30_000);
  if (jobs.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
    <section class="table-box" tabIndex={0} aria-label="Jobs">
      <table class="stackable">
        <thead>
          <tr>
            <th>Name</th>
            <th>State</th>
            <th>Runs in</th>
            <th class="number">Median SNR</th>
            <th>Submitted</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.jobId}>
              <td>
                <Link class="strong wrap" to={`/jobs/${job.jobId}`}>
                  {job.alias}
                </Link>
              </td>
              <td data-label="State">
                <State job={job} />
              </td>
              <td data-label="Runs in">{modeName(job.mode)}</td>
              <td data-label="Median SNR" class="number">
                {figure(job.summary?.medianSnr)}
              </td>
              <td data-label="Submitted">
                <time dateTime={job.createdAt} title={job.createdAt}>
                  {ago(job.createdAt, now)}
                </time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function State({ job }: { job: Job }) {
  if (job.failure && job.state === 'failed') {
    return (
      <span class="stack-small">
        <span>
          <StateBadge state={job.state} />
        </span>
        <span class="small soft wrap">{job.failure.message}</span>
      </span>
    );
  }
  if (job.state !== 'running' || !job.progress) return <StateBadge state={job.state} />;
  const { fraction, step } = job.progress;
  return (
    <span class="stack-small">
      <span class="row">
        <StateBadge state={job.state} /> <span class="small soft">{percent(fraction)}</span>
      </span>
      <Progress value={fraction} label={`${job.alias}: ${step}`} />
    </span>
  );
}
