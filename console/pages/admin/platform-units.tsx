/** The unit of the platform (Mode 1): from the outputs of its stack, or by hand. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { goTo, Link } from '../../lib/router.tsx';
import { readUnits } from '../../lib/units.ts';
import { useAct, useResource } from '../../lib/use.ts';
import { AreaField, TextField } from '../../ui/fields.tsx';
import { Problem, UnitBadge } from '../../ui/parts.tsx';
import { Admin } from './admin.tsx';
import { EMPTY_PLACE, FIELDS, placeOfOutputs } from './outputs.ts';

export function PlatformUnits() {
  const [form, setForm] = useState(EMPTY_PLACE);
  const [text, setText] = useState('');
  const [alias, setAlias] = useState('Mode 1');
  const register = useAct(async () => {
    const body = {
      appName: 'MR Optimum',
      mode: 'mode_1',
      provider: 'cloudmrhub',
      alias,
      isDefault: true,
      ...form,
    };
    const { computingUnitId } = await data(api.POST('/api/computing-unit/register', { body }));
    goTo(`/units/${computingUnitId}`);
  });
  return (
    <Admin>
      <KnownUnits />
      <section class="card" aria-labelledby="register">
        <h2 id="register">Register the unit of the platform</h2>
        <p class="soft">
          Everybody may run jobs there, within the limits of fair use. The same stack again changes it.
        </p>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void register.run();
          }}
        >
          <AreaField
            label="Outputs of the stack (JSON)"
            hint="Of aws cloudformation describe-stacks. What it names is filled in below."
            rows={5}
            value={text}
            onValue={(next) => {
              setText(next);
              setForm((now) => ({ ...now, ...placeOfOutputs(next) }));
            }}
          />
          <TextField label="Name" required maxLength={100} value={alias} onValue={setAlias} />
          <div class="choices">
            {FIELDS.map(([name, label]) => (
              <TextField
                key={name}
                label={label}
                required
                value={form[name]}
                onValue={(value) => setForm({ ...form, [name]: value.trim() })}
              />
            ))}
          </div>
          <Problem error={register.error} />
          <div class="row">
            <button type="submit" class="primary" disabled={register.busy}>
              Register
            </button>
          </div>
        </form>
      </section>
    </Admin>
  );
}

/** Those that are registered; checks, limits and the way to stop their use are on the page of each. */
function KnownUnits() {
  const units = useResource(() => readUnits({ limit: 25, mode: 'mode_1' }), []);
  const found = units.data?.units ?? [];
  if (found.length === 0) return <Problem error={units.error} />;
  return (
    <section class="card" aria-labelledby="known">
      <h2 id="known">Registered units</h2>
      {found.map((unit) => (
        <p key={unit.computingUnitId} class="row row-between">
          <span>
            <Link to={`/units/${unit.computingUnitId}`}>{unit.alias}</Link>{' '}
            <span class="soft small">
              {unit.awsAccountId}, {unit.region}: checks, limits, stop
            </span>
          </span>
          <UnitBadge status={unit.status} />
        </p>
      ))}
    </section>
  );
}
