/** The operator's view of all processes: the picture of open jobs first, then what somebody would have to do. */
import { api, data, type Overview as Seen } from '../../lib/api.ts';
import { duration, when, whenExactly } from '../../lib/format.ts';
import { useAct, useEvery, useResource } from '../../lib/use.ts';
import { Badge, Loading, Notice, Problem } from '../../ui/parts.tsx';
import { Longest, OpenJobs } from './open-jobs.tsx';

const LOOK_MS = 5_000;

export function Overview() {
  const seen = useResource(() => data(api.GET('/api/admin/operations')), []);
  useEvery(LOOK_MS, () => void seen.reload());
  const now = seen.data;
  return (
    <>
      <Problem error={seen.error} />
      {!now && !seen.error && <Loading what="open jobs" />}
      {now && (
        <>
          {seen.error !== undefined && (
            <Notice tone="warn">What is below was true at {whenExactly(now.at)}: no answer since.</Notice>
          )}
          {now.killSwitch.stopped && <AllStopped by={now.killSwitch} />}
          <OpenJobs seen={now} />
          <Longest jobs={now.openJobs.longest} />
          {now.unheld.length > 0 && (
            <Notice tone="warn">No process does this work: {now.unheld.join(', ')}.</Notice>
          )}
          {now.setAside.jobs.map((job) => (
            <SetAside key={job.jobId} job={job} onChange={() => void seen.reload()} />
          ))}
          {now.setAside.more && <p class="soft">More jobs are set aside than these.</p>}
          <Budgets budgets={now.budgets} />
          <Queues queues={now.queues} />
          <Processes brokers={now.brokers} />
          <Errors errors={now.errors} />
        </>
      )}
    </>
  );
}

function AllStopped({ by }: { by: Seen['killSwitch'] }) {
  return (
    <Notice tone="bad">
      <strong>All computing units are stopped</strong>
      {by.since && ` since ${whenExactly(by.since)}`}, by {by.by}: nothing is asked of any AWS account, and
      open jobs stand still. An administrator opens them: <code>npx cloudmr units open-all</code>
    </Notice>
  );
}

function SetAside({ job, onChange }: { job: Seen['setAside']['jobs'][number]; onChange: () => void }) {
  const release = useAct(async () => {
    await data(api.POST('/api/admin/jobs/{jobId}/release', { params: { path: { jobId: job.jobId } } }));
    onChange();
  });
  return (
    <section class="card card-plain" aria-label={`Set aside: ${job.jobId}`}>
      <div class="row row-between">
        <span class="wrap">
          <strong>{job.jobId}</strong>{' '}
          <span class="soft">
            set aside {when(job.at)} after {job.failures} failures: {job.error}
          </span>
        </span>
        <button type="button" class="tight" disabled={release.busy} onClick={() => void release.run()}>
          Try again
        </button>
      </div>
      <Problem error={release.error} />
    </section>
  );
}

function Budgets({ budgets }: { budgets: Seen['budgets'] }) {
  if (budgets.length === 0) return null;
  return (
    <section class="card stack-small" aria-labelledby="budgets">
      <h2 id="budgets">Budgets of calls to AWS</h2>
      <p class="soft small">
        Calls that are used now, of those that AWS takes at once from an account. They come back by
        themselves; where none is left, jobs of that account wait.
      </p>
      <div class="bars">
        {budgets.map(({ account, region, operation, used, limit }) => (
          <div key={account + region + operation} class="age-row">
            <span>
              {operation} <span class="small soft">{`${account} ${region}`}</span>
            </span>
            <meter
              class="age-bar"
              min={0}
              max={limit}
              high={0.8 * limit}
              value={used}
              aria-label={operation}
            />
            <span class="small soft">
              {used} of {limit}
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}

function Queues({ queues }: { queues: Seen['queues'] }) {
  return (
    <section class="card stack-small" aria-labelledby="queues">
      <h2 id="queues">Waits to be done</h2>
      <div class="figures">
        {queues.map(({ queue, waiting, more, lagSeconds }) => (
          <p key={queue} class="figure">
            <strong>
              {waiting}
              {more ? '+' : ''}
            </strong>
            <span>
              {queue.replace('-', ' ')}
              {lagSeconds > 0 && `, late by ${duration(lagSeconds)}`}
            </span>
          </p>
        ))}
      </div>
    </section>
  );
}

function Processes({ brokers }: { brokers: Seen['brokers'] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
    <section class="table-box" tabIndex={0} aria-label="Broker processes">
      <table class="stackable">
        <thead>
          <tr>
            <th>Process of the broker</th>
            <th>Since</th>
            <th class="number">Steps</th>
            <th class="number">Failed</th>
            <th>Does</th>
          </tr>
        </thead>
        <tbody>
          {brokers.map((broker) => (
            <tr key={broker.brokerId}>
              <td>
                {broker.brokerId}{' '}
                <Badge tone={broker.alive ? 'good' : 'bad'}>{broker.alive ? 'lives' : 'silent'}</Badge>
                {!broker.alive && <span class="small soft"> since {whenExactly(broker.seenAt)}</span>}
              </td>
              <td data-label="Since">{when(broker.startedAt)}</td>
              <td data-label="Steps" class="number">
                {broker.steps}
              </td>
              <td data-label="Failed" class="number">
                {broker.failedSteps}
              </td>
              <td data-label="Does" class="small">
                {pieces(broker.holds)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `open-jobs-0`, `open-jobs-1`, … are pieces of one kind of work. */
function pieces(holds: readonly string[]): string {
  const many = new Map<string, number>();
  for (const piece of holds) {
    const kind = piece.replace(/-\d+$/, '').replaceAll('-', ' ');
    many.set(kind, (many.get(kind) ?? 0) + 1);
  }
  return [...many].map(([kind, count]) => (count > 1 ? `${kind} (${count} parts)` : kind)).join(', ') || '–';
}

function Errors({ errors }: { errors: Seen['errors'] }) {
  if (errors.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
    <section class="table-box" tabIndex={0} aria-label="Errors by code">
      <table class="stackable">
        <thead>
          <tr>
            <th>Errors</th>
            <th>Of a</th>
            <th class="number">In 5 minutes</th>
            <th class="number">In an hour</th>
            <th class="number">In a day</th>
          </tr>
        </thead>
        <tbody>
          {errors.map(({ kind, code, last5Minutes, lastHour, lastDay }) => (
            <tr key={kind + code}>
              <td>{code}</td>
              <td data-label="Of a">{kind}</td>
              <td data-label="In 5 minutes" class="number">
                {last5Minutes}
              </td>
              <td data-label="In an hour" class="number">
                {lastHour}
              </td>
              <td data-label="In a day" class="number">
                {lastDay}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
