/** Computing units: where jobs run, and how they are. */
import { useEffect, useState } from 'preact/hooks';
import type { Unit } from '../../lib/api.ts';
import { ago, modeName } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { readUnits } from '../../lib/units.ts';
import { useNow, useResource } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Loading, PageHead, Problem, UnitBadge } from '../../ui/parts.tsx';
import { Pager } from '../jobs/list.tsx';

/** So many are drawn at once. */
const PAGE = 25;

export function UnitList() {
  const [name, setName] = useState('');
  const [search, setSearch] = useState('');
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(name.trim());
      setCursors([undefined]);
    }, 300);
    return () => clearTimeout(timer);
  }, [name]);
  const page = useResource(
    () => readUnits({ limit: PAGE, cursor, search: search || undefined }),
    [cursor, search],
  );
  const now = useNow(60_000);
  const shown = page.data?.units ?? [];
  const isLong = cursors.length > 1 || search !== '' || name !== '' || page.data?.cursor !== undefined;
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
        <Problem error={page.error} />
        {isLong && (
          <TextField label="Search by name or account" type="search" value={name} onValue={setName} />
        )}
        {!page.data && !page.error && <Loading what="computing units" />}
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
        {page.data && shown.length === 0 && (
          <div class="card empty">
            <h2>{isLong ? 'No such computing units on this page' : 'No computing units yet'}</h2>
            <p>
              {isLong
                ? 'Older ones may follow on the next page.'
                : 'Connect an AWS account of yours, or ask an administrator to register the unit of the platform.'}
            </p>
          </div>
        )}
        <Pager
          first={cursors.length === 1}
          last={!page.data?.cursor}
          onBack={() => setCursors(cursors.slice(0, -1))}
          onNext={() => setCursors([...cursors, page.data?.cursor])}
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
