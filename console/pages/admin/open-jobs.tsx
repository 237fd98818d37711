/** Open jobs as a picture, and those that have used the most of their time. */
import type { Overview as Seen } from '../../lib/api.ts';
import { duration, whenExactly } from '../../lib/format.ts';

/** Open jobs by state and age. */
export function OpenJobs({ seen: { at, openJobs, ages, sweepLagSeconds } }: { seen: Seen }) {
  const most = Math.max(1, ...openJobs.byState.map(({ jobs }) => jobs));
  const classes = [...ages.map((age) => `younger than ${duration(age)}`), 'older'];
  const late = sweepLagSeconds > 0 ? `the most overdue by ${duration(sweepLagSeconds)}` : 'none overdue';
  return (
    <section class="card stack-small" aria-labelledby="open-jobs">
      <h2 id="open-jobs">
        {openJobs.open}
        {openJobs.openMore ? ' or more' : ''} open jobs, {late}
      </h2>
      <p class="soft small">All processes together, at {whenExactly(at)}.</p>
      {openJobs.more && (
        <p class="soft small">
          By state and age: the oldest {openJobs.counted}
          {openJobs.openMore ? ` of the ${openJobs.open} that are due first, and what is too old` : ''}.
        </p>
      )}
      {openJobs.byState.length === 0 && <p class="soft">Nothing is open.</p>}
      <div class="bars">
        {openJobs.byState.map(({ state, jobs, oldestSeconds, byAge }) => (
          <div key={state} class="age-row">
            <span>{state}</span>
            <span
              class="age-bar"
              role="img"
              aria-label={byAge.flatMap((many, i) => (many > 0 ? [`${many} ${classes[i]}`] : [])).join(', ')}
            >
              {byAge.map((many, index) => (
                <span
                  key={classes[index]}
                  class={`age-${index}`}
                  title={`${many} ${classes[index]}`}
                  style={{ width: `${(100 * many) / most}%` }}
                />
              ))}
            </span>
            <span class="small soft">
              {jobs}, the oldest for {duration(oldestSeconds)}
            </span>
          </div>
        ))}
      </div>
      {openJobs.byState.length > 0 && (
        <ul class="bare age-key small soft" aria-label="Colours: age of a job since it was submitted">
          {classes.map((name, index) => (
            <li key={name}>
              <span class={`age-${index}`} /> {name}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Those that somebody would look at first. */
export function Longest({ jobs }: { jobs: Seen['openJobs']['longest'] }) {
  if (jobs.length === 0) return null;
  return (
    <div class="stack-small">
      <h2 id="longest">Open for longest</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard */}
      <section class="table-box" tabIndex={0} aria-labelledby="longest">
        <table class="stackable">
          <thead>
            <tr>
              <th>Job</th>
              <th>State</th>
              <th>Attempt lasts</th>
              <th>Next look</th>
              <th>Unit</th>
              <th>Last note</th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <tr key={job.jobId}>
                <td>{job.jobId}</td>
                <td data-label="State">{job.state}</td>
                <td data-label="Attempt lasts">{duration(job.attemptSeconds)}</td>
                <td data-label="Next look">{job.nextLookAt ? whenExactly(job.nextLookAt) : 'never'}</td>
                <td data-label="Unit" class="small">
                  {job.computingUnitId}
                </td>
                <td data-label="Last note" class="small">
                  {job.note ?? '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
