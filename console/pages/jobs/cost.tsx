/** What a run has cost, line by line, beside what was said before. */
import { api, data, type Job } from '../../lib/api.ts';
import { duration, usd } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useResource } from '../../lib/use.ts';
import { Problem } from '../../ui/parts.tsx';

export function CostCard({ job }: { job: Job }) {
  const cost = useResource(
    () => data(api.GET('/api/job/{jobId}/cost', { params: { path: { jobId: job.jobId } } })),
    [job.jobId, job.state, job.attempt],
  );
  const found = cost.data;
  return (
    <section class="card" aria-labelledby="cost">
      <h2 id="cost">Cost and place</h2>
      <Problem error={cost.error} />
      <dl class="facts">
        {found && (
          <>
            <dt>{found.final ? 'Cost' : 'Cost so far'}</dt>
            <dd>
              <strong>{usd(found.usd)}</strong>{' '}
              <span class="soft">
                {found.paidBy === 'platform' ? 'paid by the platform' : 'in the account of the unit'}
              </span>
            </dd>
            {found.lines.map(({ what, usd: amount }) => [
              <dt key={`${what}-name`} class="small">
                {what}
              </dt>,
              <dd key={what} class="small soft">
                {usd(amount)}
              </dd>,
            ])}
          </>
        )}
        {job.estimate && (
          <>
            <dt>Estimated</dt>
            <dd>
              {usd(job.estimate.usd.likely)}{' '}
              <span class="soft">in {duration(job.estimate.seconds.likely)}</span>
            </dd>
          </>
        )}
        <dt>Computing unit</dt>
        <dd>
          <Link to={`/units/${job.computingUnitId}`}>
            {job.mode === 'mode_2' ? 'in your account or shared with you' : 'of the platform'}
          </Link>
        </dd>
        <dt>Job</dt>
        <dd class="mono">{job.jobId}</dd>
        {job.executionArn && (
          <>
            <dt>Execution</dt>
            <dd class="mono">{job.executionArn}</dd>
          </>
        )}
      </dl>
      {found && <p class="soft small">{found.assumptions.join(' ')}</p>}
    </section>
  );
}
