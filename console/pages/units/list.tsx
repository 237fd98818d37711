/** Computing units: where jobs run, and how they are. */
import { useState } from 'preact/hooks';
import { api, data, type Unit } from '../../lib/api.ts';
import { ago, count, modeName } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useNow, useResource } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Loading, PageHead, Problem, UnitBadge } from '../../ui/parts.tsx';
import { Pager } from '../jobs/list.tsx';

/** So many are drawn at once. */
const PAGE = 25;

export function UnitList() {
  const units = useResource(() => data(api.GET('/api/computing-unit/list')), []);
  const [name, setName] = useState('');
  const [page, setPage] = useState(0);
  const now = useNow(60_000);
  const wanted = name.trim().toLowerCase();
  const all = units.data?.computingUnits ?? [];
  const found = all.filter(({ alias, awsAccountId }) =>
    `${alias} ${awsAccountId}`.toLowerCase().includes(wanted),
  );
  const shown = found.slice(page * PAGE, (page + 1) * PAGE);
  return (
    <>
      <PageHead
        title="Computing units"
        actions={
          <Link to="/units/connect" class="button primary">
            Connect your AWS account
          </Link>
        }
      >
        Where jobs run: on the platform, or in an AWS account of your own, so that data never leaves it.
      </PageHead>
      <div class="stack">
        <Problem error={units.error} />
        {!units.data && !units.error && <Loading what="computing units" />}
        {all.length > PAGE && (
          <TextField
            label={`Search ${count(all.length, 'unit')} by name or account`}
            type="search"
            value={name}
            onValue={(text) => {
              setName(text);
              setPage(0);
            }}
          />
        )}
        {shown.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
          <section class="table-box" tabIndex={0} aria-label="Computing units">
            <table class="stackable">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>State</th>
                  <th>Place</th>
                  <th>AWS account</th>
                  <th>Last in order</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((unit) => (
                  <UnitRow key={unit.computingUnitId} unit={unit} now={now} />
                ))}
              </tbody>
            </table>
          </section>
        )}
        {units.data && all.length === 0 && (
          <div class="card empty">
            <h2>No computing units yet</h2>
            <p>
              Connect an AWS account of yours, or ask an administrator to register the unit of the platform.
            </p>
          </div>
        )}
        <Pager
          first={page === 0}
          last={(page + 1) * PAGE >= found.length}
          onBack={() => setPage(page - 1)}
          onNext={() => setPage(page + 1)}
        />
      </div>
    </>
  );
}

function UnitRow({ unit, now }: { unit: Unit; now: number }) {
  return (
    <tr>
      <td>
        <Link class="strong wrap" to={`/units/${unit.computingUnitId}`}>
          {unit.alias}
        </Link>
        {unit.isDefault && <span class="soft small"> default</span>}
      </td>
      <td data-label="State">
        <UnitBadge status={unit.status} />
      </td>
      <td data-label="Place">{modeName(unit.mode)}</td>
      <td data-label="AWS account" class="mono">
        {unit.awsAccountId}
      </td>
      <td data-label="Last in order">{unit.lastValidatedAt ? ago(unit.lastValidatedAt, now) : 'never'}</td>
    </tr>
  );
}
