/** A computing unit, chosen from those that may be used. */
import type { Unit } from '../lib/api.ts';
import { type Growing, useGrowing } from '../lib/growing.ts';
import { readUnits } from '../lib/units.ts';
import { SelectField } from './fields.tsx';

/** So many can be chosen at once, */
const LIMIT = 100;
/** and all of one's own, with the default among them: nobody has more. */
const OWN = 50;

/** The units that a person may use for data and jobs; the default one and those that are ready come first. */
export function useUsableUnits(): Growing<Unit> {
  const all = useGrowing<Unit>(async (cursor) => {
    const [page, own] = await Promise.all([
      readUnits({ limit: LIMIT, cursor }),
      // They come last in the list: who is given hundreds of units would not find them on its first page.
      cursor === undefined ? readUnits({ limit: OWN, own: true }) : undefined,
    ]);
    return { items: [...(own?.units ?? []), ...page.units], cursor: page.cursor };
  });
  const rank = (unit: Unit): number => (unit.status === 'ready' ? 0 : 2) + (unit.isDefault ? 0 : 1);
  const seen = new Set<string>();
  const usable = all.items?.filter(
    ({ computingUnitId, status }) =>
      status !== 'pending' && !seen.has(computingUnitId) && seen.add(computingUnitId),
  );
  return { ...all, items: usable?.sort((a, b) => rank(a) - rank(b)) };
}

export function UnitField({
  label,
  hint,
  units,
  chosen,
  onChoose,
}: {
  label: string;
  hint?: string;
  units: Growing<Unit>;
  chosen: string | undefined;
  onChoose: (unitId: string) => void;
}) {
  const known = units.items ?? [];
  const isKnown = chosen === undefined || known.some(({ computingUnitId }) => computingUnitId === chosen);
  return (
    <div class="stack-small">
      <SelectField
        label={label}
        hint={hint}
        value={chosen ?? ''}
        options={[
          ...(isKnown ? [] : [[chosen, chosen] as const]),
          ...known.map((unit) => [unit.computingUnitId, nameOf(unit)] as const),
        ]}
        onValue={onChoose}
      />
      {units.more && (
        <button type="button" class="tight more" disabled={units.busy} onClick={units.more}>
          More computing units
        </button>
      )}
    </div>
  );
}

function nameOf({ alias, mode, status }: Unit): string {
  const place = mode === 'mode_2' ? 'own account' : 'platform';
  return `${alias} (${place}${status === 'ready' ? '' : `, ${status}`})`;
}
