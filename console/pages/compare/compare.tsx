/** Two jobs side by side: the same map, the same window, one cursor. */
import { useEffect, useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { figure } from '../../lib/format.ts';
import { goTo, usePlace } from '../../lib/router.tsx';
import { useResource } from '../../lib/use.ts';
import { SelectField } from '../../ui/fields.tsx';
import { Loading, Notice, PageHead, Problem } from '../../ui/parts.tsx';
import { COLOUR_MAPS, type ColourMap } from '../../viewer/colours.ts';
import type { Nifti } from '../../viewer/nifti.ts';
import { SlicePanel, WindowPanel } from '../../viewer/panels.tsx';
import type { Result } from '../../viewer/result.ts';
import type { Location, SliceView } from '../../viewer/slice-view.ts';
import { Stage } from '../../viewer/stage.tsx';
import { goodWindow } from '../../viewer/statistics.ts';
import { useResult } from '../../viewer/use-result.ts';
import { PairRegionCard, usePairRegions } from './regions.tsx';

/** So many of the newest results can be chosen. */
const NEWEST = 50;

export function Compare() {
  const { query } = usePlace();
  const left = query.get('left') ?? '';
  const right = query.get('right') ?? '';
  const jobs = useResource(
    () => data(api.GET('/api/job', { params: { query: { limit: NEWEST, state: 'succeeded' } } })),
    [],
  );
  const options = (jobs.data?.jobs ?? []).map(({ jobId, alias, summary }) => {
    const median = summary?.medianSnr;
    return [jobId, `${alias}${median === undefined ? '' : ` (median SNR ${figure(median)})`}`] as const;
  });
  const choose = (next: Record<string, string>): void =>
    goTo(`/compare?${new URLSearchParams({ left, right, ...next })}`, { replace: true });
  return (
    <>
      <PageHead title="Compare">Two results with one cursor, one window and one colour map.</PageHead>
      <div class="stack">
        <Problem error={jobs.error} />
        <div class="field-row">
          <SelectField
            label="Left"
            value={left}
            options={[['', 'Choose a job'], ...options]}
            onValue={(value) => choose({ left: value })}
          />
          <SelectField
            label="Right"
            value={right}
            options={[['', 'Choose a job'], ...options]}
            onValue={(value) => choose({ right: value })}
          />
        </div>
        {left && right ? (
          <Loader key={`${left} ${right}`} left={left} right={right} names={new Map(options)} />
        ) : (
          <div class="card empty">
            <p>Choose two jobs that have succeeded.</p>
          </div>
        )}
      </div>
    </>
  );
}

interface PairProps {
  left: string;
  right: string;
  names: ReadonlyMap<string, string>;
}

function Loader({ left, right, names }: PairProps) {
  const [a, b] = [useResult(left, 0), useResult(right, 0)];
  if (a.kind === 'failed') return <Problem error={a.error} />;
  if (b.kind === 'failed') return <Problem error={b.error} />;
  if (a.kind === 'loading' || b.kind === 'loading') return <Loading what="both results" />;
  return <Pair results={[a.result, b.result]} names={[names.get(left) ?? left, names.get(right) ?? right]} />;
}

function Pair({ results, names }: { results: [Result, Result]; names: [string, string] }) {
  const shared = results[0].maps.filter(
    (map) => !map.isMatrix && results[1].maps.some(({ name }) => name === map.name),
  );
  const [chosen, setChosen] = useState(shared[0]?.name ?? '');
  const [pair, setPair] = useState<[Nifti, Nifti]>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const maps = results.map(({ maps }) => maps.find(({ name }) => name === chosen));
    if (!maps[0] || !maps[1]) return;
    Promise.all([maps[0].load(), maps[1].load()]).then(setPair, setError);
  }, [chosen]);
  if (shared.length === 0) return <Notice tone="warn">These results have no map in common.</Notice>;
  return (
    <>
      <Problem error={error} />
      <SelectField
        label="Map"
        value={chosen}
        options={shared.map(({ name }) => [name, name])}
        onValue={(name) => {
          setPair(undefined);
          setChosen(name);
        }}
      />
      {pair && <Stages key={chosen} map={chosen} pair={pair} names={names} />}
    </>
  );
}

function Stages({ map, pair, names }: { map: string; pair: [Nifti, Nifti]; names: [string, string] }) {
  const [window, setWindow] = useState<readonly [number, number]>(() => {
    const [a, b] = pair.map(({ data }) => goodWindow(data));
    return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
  });
  const [colours, setColours] = useState<ColourMap>(COLOUR_MAPS[0][0]);
  const [views, setViews] = useState<(SliceView | undefined)[]>([undefined, undefined]);
  const [at, setAt] = useState<(Location | undefined)[]>([undefined, undefined]);
  const [first, second] = views;
  const regions = usePairRegions(views);
  useEffect(() => {
    if (first && second) first.link(second);
  }, views);
  const put = <T,>(list: T[], index: number, value: T): T[] =>
    list.map((one, i) => (i === index ? value : one));
  const [a, b] = at.map((location) => location?.value);
  const sameSize = pair[0].dims.join() === pair[1].dims.join();
  return (
    <>
      {!sameSize && (
        <Notice tone="warn">
          <p>
            The maps differ in size ({pair.map(({ dims }) => dims.join(' × ')).join(' and ')}): the cursor
            follows places, not pixels.
          </p>
        </Notice>
      )}
      <div class="pair card viewer-pair">
        {pair.map((nifti, i) => (
          <figure key={names[i] + String(i)}>
            <Stage
              nifti={nifti}
              name={`${map}, ${i === 0 ? 'left' : 'right'}`}
              window={window}
              colours={colours}
              plane={undefined}
              onView={(view) => setViews((now) => put(now, i, view))}
              onLocation={(location) => setAt((now) => put(now, i, location))}
              onWindow={(low, high) => setWindow([low, high])}
              onRegion={() => regions.measure(i === 0 ? 0 : 1)}
            />
            <figcaption class="small">{names[i]}</figcaption>
          </figure>
        ))}
      </div>
      <div class="halves">
        <div class="stack">
          <section class="card" aria-label="At the cursor">
            <h2>At the cursor</h2>
            <dl class="facts">
              <dt>Left</dt>
              <dd>{figure(a)}</dd>
              <dt>Right</dt>
              <dd>{figure(b)}</dd>
              <dt>Right over left</dt>
              <dd>
                <strong>{a !== undefined && b !== undefined && a !== 0 ? figure(b / a) : '–'}</strong>
              </dd>
            </dl>
            {first && second && <SlicePanel view={first} plane={first.measuredPlane} location={at[0]} />}
          </section>
          {first && second && <PairRegionCard views={[first, second]} pair={regions} />}
        </div>
        <div class="card">
          <WindowPanel
            nifti={pair[0]}
            window={window}
            onWindow={setWindow}
            colours={colours}
            onColours={setColours}
          />
        </div>
      </div>
    </>
  );
}
