/** The controls beside a map: window and colours, slices, regions. */
import { useState } from 'preact/hooks';
import { figure } from '../lib/format.ts';
import { NumberField, SelectField } from '../ui/fields.tsx';
import { COLOUR_MAPS, type ColourMap } from './colours.ts';
import { HistogramChart } from './histogram.tsx';
import type { Nifti } from './nifti.ts';
import type { Location, Pen, Plane, SliceView } from './slice-view.ts';
import { goodWindow, type RegionStatistics } from './statistics.ts';

type Window = readonly [number, number];

export function WindowPanel({
  nifti,
  window,
  onWindow,
  colours,
  onColours,
}: {
  nifti: Nifti;
  window: Window;
  onWindow: (window: Window) => void;
  colours: ColourMap;
  onColours: (colours: ColourMap) => void;
}) {
  const step = Number(((window[1] - window[0] || 1) / 100).toPrecision(1));
  return (
    <section>
      <h2>Window and colours</h2>
      <HistogramChart values={nifti.data} window={window} />
      <div class="field-row">
        <NumberField
          label="From"
          step={step}
          value={Number(window[0].toPrecision(4))}
          onValue={(low) => low !== undefined && onWindow([low, window[1]])}
        />
        <NumberField
          label="To"
          step={step}
          value={Number(window[1].toPrecision(4))}
          onValue={(high) => high !== undefined && onWindow([window[0], high])}
        />
      </div>
      <div class="field-and-button">
        <SelectField label="Colour map" value={colours} options={COLOUR_MAPS} onValue={onColours} />
        <button type="button" onClick={() => onWindow(goodWindow(nifti.data))}>
          Best window
        </button>
      </div>
    </section>
  );
}

const PLANES: readonly (readonly [Plane, string])[] = [
  ['axial', 'Axial'],
  ['coronal', 'Coronal'],
  ['sagittal', 'Sagittal'],
  ['all', 'All three'],
  ['solid', '3D'],
];

export function SlicePanel({
  view,
  plane,
  onPlane,
  location,
}: {
  view: SliceView;
  plane: Plane;
  /** Left out where the plane stays. */
  onPlane?: (plane: Plane) => void;
  location: Location | undefined;
}) {
  const isVolume = Math.min(...view.dims) > 1;
  const slices = view.slices(plane);
  const at = location?.at ?? [0, 0, 0];
  const axis = { sagittal: 0, coronal: 1, axial: 2 }[plane as string] ?? 2;
  return (
    <section>
      <h2>{isVolume ? 'Slices' : 'Crosshair'}</h2>
      {isVolume && onPlane && (
        // biome-ignore lint/a11y/useSemanticElements: a row of buttons, not of fields
        <div class="segmented" role="group" aria-label="Plane">
          {PLANES.map(([value, label]) => (
            <button key={value} type="button" aria-pressed={value === plane} onClick={() => onPlane(value)}>
              {label}
            </button>
          ))}
        </div>
      )}
      {isVolume && slices > 1 && (
        <label class="field">
          <span class="label">
            Slice {at[axis] + 1} of {slices}
          </span>
          <input
            type="range"
            min={0}
            max={slices - 1}
            value={at[axis]}
            onInput={(event) => view.setSlice(plane, Number(event.currentTarget.value))}
          />
        </label>
      )}
      <div class="field-row">
        {(['x', 'y'] as const).map((name, i) => {
          const across = [0, 1, 2].filter((one) => one !== axis)[i];
          return (
            <label key={name} class="field">
              <span class="label small">
                {['x', 'y', 'z'][across]}: {at[across] + 1}
              </span>
              <input
                type="range"
                min={0}
                max={view.dims[across] - 1}
                value={at[across]}
                onInput={(event) => {
                  const next = [...at] as [number, number, number];
                  next[across] = Number(event.currentTarget.value);
                  view.moveTo(next);
                }}
              />
            </label>
          );
        })}
      </div>
    </section>
  );
}

const PENS: readonly (readonly [Pen, string])[] = [
  ['off', 'Move'],
  ['draw', 'Draw'],
  ['erase', 'Erase'],
];

export function RegionPanel({
  view,
  region,
  onClear,
}: {
  view: SliceView;
  region: RegionStatistics | undefined;
  onClear: () => void;
}) {
  return (
    <section>
      <h2>Region of interest</h2>
      <CirclePens
        dims={view.dims}
        marked={region !== undefined}
        onPen={(pen) => view.setPen(pen)}
        onCircle={(diameter) => view.markEllipse(diameter, diameter)}
        onClear={onClear}
      />
      <div aria-live="polite">{region && <RegionFigures region={region} />}</div>
    </section>
  );
}

/** What marks a region: a pen, and a circle for those who have no pointer. */
export function CirclePens({
  dims,
  marked,
  onPen,
  onCircle,
  onClear,
}: {
  dims: readonly [number, number, number];
  marked: boolean;
  onPen: (pen: Pen) => void;
  onCircle: (diameter: number) => void;
  onClear: () => void;
}) {
  const [pen, setPen] = useState<Pen>('off');
  const smaller = [...dims].sort((a, b) => a - b)[1];
  const [diameter, setDiameter] = useState<number | undefined>(Math.max(3, Math.round(smaller / 6)));
  const choose = (next: Pen): void => {
    setPen(next);
    onPen(next);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a row of buttons, not of fields */}
      <div class="segmented" role="group" aria-label="What the pointer does">
        {PENS.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={value === pen} onClick={() => choose(value)}>
            {label}
          </button>
        ))}
      </div>
      <p class="hint">Draw a closed line, or put a circle where the crosshair is.</p>
      <div class="field-and-button">
        <NumberField label="Diameter (pixels)" min={1} value={diameter} onValue={setDiameter} />
        <button
          type="button"
          onClick={() => {
            choose('off');
            onCircle(diameter ?? 1);
          }}
        >
          Put circle
        </button>
        {marked && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              choose('off');
              onClear();
            }}
          >
            Clear
          </button>
        )}
      </div>
    </>
  );
}

export function RegionFigures({ region }: { region: RegionStatistics }) {
  return (
    <dl class="facts facts-tight small">
      <dt>Mean</dt>
      <dd>
        <strong>{figure(region.mean)}</strong>
      </dd>
      <dt>Standard deviation</dt>
      <dd>{figure(region.deviation)}</dd>
      <dt>Median</dt>
      <dd>{figure(region.median)}</dd>
      <dt>Range</dt>
      <dd>
        {figure(region.minimum)} to {figure(region.maximum)}
      </dd>
      <dt>Pixels</dt>
      <dd>{region.pixels}</dd>
    </dl>
  );
}
