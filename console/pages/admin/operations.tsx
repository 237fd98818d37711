/** How the broker is: open jobs, how late they are moved, calls to AWS and their errors. */
import { api, data } from '../../lib/api.ts';
import { duration } from '../../lib/format.ts';
import { useMe } from '../../lib/me.ts';
import { useEvery, useResource } from '../../lib/use.ts';
import { Loading, Problem } from '../../ui/parts.tsx';
import { Admin } from './admin.tsx';
import { Overview } from './overview.tsx';

const LOOK_MS = 5_000;

export function Operations() {
  const me = useMe();
  const health = useResource(() => data(api.GET('/api/admin/health')), []);
  useEvery(LOOK_MS, () => void health.reload());
  const now = health.data;
  return (
    <Admin>
      {me.role === 'admin' && <Overview />}
      <Problem error={health.error} />
      {!now && !health.error && <Loading what="figures" />}
      {now && (
        <>
          <section class="card stack-small" aria-labelledby="this-process">
            <h2 id="this-process">The process that answered, since its start</h2>
            <div class="figures">
              <Figure value={duration(now.ticker.lagMs / 1000)} label="behind its work" />
              <Figure value={String(now.ticker.steps)} label="steps of jobs" />
              <Figure value={String(now.ticker.failedSteps)} label="of them failed" />
              <Figure value={String(now.streams)} label="pages that follow jobs" />
            </div>
          </section>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard */}
          <section class="table-box" tabIndex={0} aria-label="Calls to AWS">
            <table class="stackable">
              <thead>
                <tr>
                  <th>Call to AWS</th>
                  <th class="number">Calls</th>
                  <th>Errors</th>
                </tr>
              </thead>
              <tbody>
                {now.aws.map(({ service, operation, calls, errors }) => (
                  <tr key={service + operation}>
                    <td>
                      {service} {operation}
                    </td>
                    <td data-label="Calls" class="number">
                      {calls}
                    </td>
                    <td data-label="Errors" class="small">
                      {Object.entries(errors)
                        .map(([name, many]) => `${name} ${many}`)
                        .join(', ') || '–'}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </Admin>
  );
}

function Figure({ value, label }: { value: string; label: string }) {
  return (
    <p class="figure">
      <strong>{value}</strong>
      <span>{label}</span>
    </p>
  );
}
