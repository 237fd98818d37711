/** One region on two maps: the same pixels, or the same circle where the crosshair is, measured in both. */
import { useState } from 'preact/hooks';
import { figure } from '../../lib/format.ts';
import { CirclePens, RegionFigures } from '../../viewer/panels.tsx';
import type { SliceView } from '../../viewer/slice-view.ts';
import type { RegionStatistics } from '../../viewer/statistics.ts';

type Views = readonly [SliceView, SliceView];

export interface PairRegions {
  /** Of both maps; undefined where nothing is marked. */
  readonly regions: readonly (RegionStatistics | undefined)[];
  /** One of the views was drawn on. */
  measure(drawnOn: 0 | 1): void;
  clear(): void;
}

/** The regions of two views; a drawing on one is taken over by the other, if their maps have one size. */
export function usePairRegions(views: readonly (SliceView | undefined)[]): PairRegions {
  const [regions, setRegions] = useState<PairRegions['regions']>([]);
  return {
    regions,
    measure(drawnOn) {
      const [from, to] = [views[drawnOn], views[1 - drawnOn]];
      if (from) to?.takeRegion(from);
      setRegions(views.map((view) => view?.region()));
    },
    clear() {
      for (const view of views) view?.clearRegion();
      setRegions([]);
    },
  };
}

export function PairRegionCard({ views, pair }: { views: Views; pair: PairRegions }) {
  const [left, right] = pair.regions;
  return (
    <section class="card stack-small" aria-labelledby="region">
      <h2 id="region">Region of interest</h2>
      <CirclePens
        dims={views[0].dims}
        marked={left !== undefined || right !== undefined}
        onPen={(pen) => views.map((view) => view.setPen(pen))}
        onCircle={(diameter) => views.map((view) => view.markEllipse(diameter, diameter))}
        onClear={pair.clear}
      />
      <div class="region-figures" aria-live="polite">
        {[left, right].map(
          (region, i) =>
            region && (
              <section key={i} class="stack-small" aria-label={i === 0 ? 'Region, left' : 'Region, right'}>
                <h3>{i === 0 ? 'Left' : 'Right'}</h3>
                <RegionFigures region={region} />
              </section>
            ),
        )}
        {left && right && (
          <p>
            Mean, right over left: <strong>{left.mean === 0 ? '–' : figure(right.mean / left.mean)}</strong>
          </p>
        )}
      </div>
    </section>
  );
}
