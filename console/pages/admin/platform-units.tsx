/** The unit of the platform (Mode 1): from the outputs of its stack, or by hand. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { goTo } from '../../lib/router.tsx';
import { useAct } from '../../lib/use.ts';
import { AreaField, TextField } from '../../ui/fields.tsx';
import { Problem } from '../../ui/parts.tsx';
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
          <div class="field-row">
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
          <button type="submit" class="primary" disabled={register.busy}>
            Register
          </button>
        </form>
      </section>
    </Admin>
  );
}
