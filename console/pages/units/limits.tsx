/** What the owner of a unit allows on it. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { NumberField } from '../../ui/fields.tsx';
import { Problem } from '../../ui/parts.tsx';

interface Caps {
  jobsPerMonth?: number;
  jobsAtOnce?: number;
  usdPerMonth?: number;
}

const FIELDS = [
  ['jobsPerMonth', 'Jobs a month'],
  ['jobsAtOnce', 'Jobs at once'],
  ['usdPerMonth', 'US dollars a month'],
] as const;

export function LimitsCard({ unitId }: { unitId: string }) {
  const params = { path: { computingUnitId: unitId } };
  const limits = useResource(
    () => data(api.GET('/api/computing-unit/{computingUnitId}/limits', { params })),
    [unitId],
  );
  const [changed, setChanged] = useState<{ all: Caps; perMember: Caps }>();
  const now = changed ?? { all: limits.data?.all ?? {}, perMember: limits.data?.perMember ?? {} };
  const save = useAct(async () => {
    const next = await data(api.PUT('/api/computing-unit/{computingUnitId}/limits', { params, body: now }));
    limits.set(() => next);
    setChanged(undefined);
  });
  return (
    <section class="card" aria-labelledby="limits">
      <h2 id="limits">Limits</h2>
      <Problem error={limits.error ?? save.error} />
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run();
        }}
      >
        {(['all', 'perMember'] as const).map((whom) => (
          <fieldset key={whom} class="stack-small">
            <legend>{whom === 'all' ? 'For all users together' : 'For each person besides you'}</legend>
            <div class="field-row">
              {FIELDS.map(([name, label]) => (
                <NumberField
                  key={name}
                  label={label}
                  min={name === 'jobsAtOnce' ? 1 : 0}
                  step={name === 'usdPerMonth' ? 'any' : 1}
                  placeholder="no limit"
                  value={now[whom][name]}
                  onValue={(value) => setChanged({ ...now, [whom]: { ...now[whom], [name]: value } })}
                />
              ))}
            </div>
          </fieldset>
        ))}
        <button type="submit" disabled={!changed || save.busy}>
          Save limits
        </button>
      </form>
    </section>
  );
}
