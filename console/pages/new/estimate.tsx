/** Time, price and place of a job before it is submitted; asked for again when the form has come to rest. */
import { useEffect, useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { duration, usd } from '../../lib/format.ts';
import { useResource } from '../../lib/use.ts';
import { bodyOf } from '../../task/body.ts';
import type { JobForm } from '../../task/form.ts';
import { Notice, Problem } from '../../ui/parts.tsx';

const REST_MS = 350;

export function EstimateCard({ form, problems }: { form: JobForm; problems: readonly string[] }) {
  if (problems.length > 0) {
    return (
      <div class="stack-small" role="status">
        <h2>Before it can run</h2>
        <ul class="soft">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </div>
    );
  }
  return <Estimate form={form} />;
}

function Estimate({ form }: { form: JobForm }) {
  const wish = JSON.stringify({ ...bodyOf(form), alias: undefined, max_usd: undefined });
  const [asked, setAsked] = useState(wish);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wish), REST_MS);
    return () => clearTimeout(timer);
  }, [wish]);
  const answer = useResource(
    () => data(api.POST('/api/task/estimate', { body: JSON.parse(asked) })),
    [asked],
  );
  if (answer.error) return <Problem error={answer.error} />;
  const found = answer.data;
  if (!found) return <p role="status">Estimating time and price …</p>;
  const { estimate, youPayUsd, paidBy } = found;
  return (
    <div class="stack-small" role="status" data-estimate>
      <h2>Estimate</h2>
      <dl class="facts">
        <dt>Time</dt>
        <dd>
          <strong>{duration(estimate.seconds.likely)}</strong>{' '}
          <span class="soft small">
            {duration(estimate.seconds.low)} to {duration(estimate.seconds.high)}
          </span>
        </dd>
        <dt>Price</dt>
        <dd>
          <strong>{usd(estimate.usd.likely)}</strong>{' '}
          <span class="soft small">
            {paidBy === 'platform' ? 'paid by the platform' : `you pay ${usd(youPayUsd.likely)}`}
          </span>
        </dd>
        <dt>Runs on</dt>
        <dd>
          {estimate.platform === 'lambda' ? 'Lambda' : 'Fargate'}, {estimate.vcpu} vCPU,{' '}
          {(estimate.memoryMb / 1024).toFixed(1)} GiB
        </dd>
      </dl>
      <p class="soft small">{found.reason}</p>
      {found.refusal && (
        <Notice tone="bad">
          <p>{found.refusal}</p>
        </Notice>
      )}
      {found.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>{warning}</p>
        </Notice>
      ))}
      <details class="small soft">
        <summary>How this is estimated</summary>
        <ul>
          {found.assumptions.map((assumption) => (
            <li key={assumption}>{assumption}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}
