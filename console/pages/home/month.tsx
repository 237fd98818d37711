/** What of this month's fair use is left, on the first unit that has any caps. */
import { api, data, type Unit } from '../../lib/api.ts';
import { usd } from '../../lib/format.ts';
import { useResource } from '../../lib/use.ts';
import { Problem, Progress } from '../../ui/parts.tsx';

export function MonthCard({ units }: { units: readonly Unit[] }) {
  const unit = units.find(({ mode }) => mode === 'mode_1') ?? units[0];
  const usage = useResource(
    async () =>
      unit &&
      data(
        api.GET('/api/computing-unit/{computingUnitId}/usage', {
          params: { path: { computingUnitId: unit.computingUnitId } },
        }),
      ),
    [unit?.computingUnitId],
  );
  const caps = usage.data?.caps ?? [];
  if (!unit || (caps.length === 0 && !usage.error)) return null;
  return (
    <section class="card" aria-labelledby="month">
      <h2 id="month">This month on “{unit.alias}”</h2>
      <Problem error={usage.error} />
      {caps.map(({ kind, limits, used }) => (
        <div key={kind} class="stack-small">
          {limits.jobsPerMonth !== undefined && (
            <Meter label="Jobs" used={used.jobs} of={limits.jobsPerMonth} show={String} />
          )}
          {limits.usdPerMonth !== undefined && (
            <Meter label="Cost" used={used.usd} of={limits.usdPerMonth} show={usd} />
          )}
        </div>
      ))}
    </section>
  );
}

function Meter({
  label,
  used,
  of,
  show,
}: {
  label: string;
  used: number;
  of: number;
  show: (n: number) => string;
}) {
  return (
    <div class="stack-small">
      <p class="row row-between small">
        <span>{label}</span>
        <span class="soft">
          {show(used)} of {show(of)}
        </span>
      </p>
      <Progress value={of > 0 ? used / of : 1} label={`${label} of this month`} />
    </div>
  );
}
