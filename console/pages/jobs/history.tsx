/** What happened to a job, who caused it, and the log of its run. */
import { api, data, type Job } from '../../lib/api.ts';
import { whenExactly } from '../../lib/format.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { Problem } from '../../ui/parts.tsx';

export function HistoryCard({ job }: { job: Job }) {
  const log = useResource(
    () => data(api.GET('/api/job/{jobId}/logs', { params: { path: { jobId: job.jobId } } })),
    [job.jobId, job.state, job.attempt],
  );
  const open = useAct(async () => {
    const link = (await data(api.GET('/api/job/{jobId}/logs', { params: { path: { jobId: job.jobId } } })))
      .log;
    if (link) location.assign(link.url);
  });
  const events = log.data?.events ?? [];
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">History</h2>
      <Problem error={log.error} />
      <ol class="timeline">
        {events.map((event, i) => (
          <li key={i}>
            <p class="wrap">{sentence(event.text)}</p>
            <p class="soft small">
              {whenExactly(event.at)} · {actor(event.by)}
            </p>
          </li>
        ))}
      </ol>
      {job.earlierAttempts && <p class="soft small">Attempt {job.attempt + 1}; earlier ones have ended.</p>}
      {log.data?.log && (
        <button type="button" class="tight" disabled={open.busy} onClick={() => void open.run()}>
          Log of the run (JSON)
        </button>
      )}
      <Problem error={open.error} />
    </section>
  );
}

/** Events are stored in lower case, as states are named; codes stay as they are. */
function sentence(text: string): string {
  return /^[a-z]+_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function actor(by: string): string {
  if (by.startsWith('user')) return 'you';
  return { aws: 'AWS', 'step-functions': 'Step Functions' }[by] ?? by;
}
