/** The distribution of the values of a map, with the window that is shown. */
import { useMemo } from 'preact/hooks';
import { figure } from '../lib/format.ts';
import { type Histogram, histogramOf } from './statistics.ts';

const BINS = 64;

export function HistogramChart({
  values,
  window: [low, high],
}: {
  values: ArrayLike<number>;
  window: readonly [number, number];
}) {
  const histogram = useMemo(() => histogramOf(values, BINS), [values]);
  const top = tallest(histogram);
  const width = histogram.high - histogram.low;
  const x = (value: number): number => (BINS * (value - histogram.low)) / width;
  return (
    <figure>
      <svg
        class="histogram"
        viewBox={`0 0 ${BINS} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram from ${figure(histogram.low)} to ${figure(histogram.high)}; shown are ${figure(low)} to ${figure(high)}`}
      >
        {histogram.counts.map((count, i) => {
          const height = Math.min(100, (100 * count) / top);
          const middle = histogram.low + ((i + 0.5) * width) / BINS;
          const outside = middle < low || middle > high;
          return (
            <rect
              key={i}
              class={outside ? 'outside' : ''}
              x={i + 0.08}
              y={100 - height}
              width={0.84}
              height={height}
            />
          );
        })}
        <line x1={x(low)} x2={x(low)} y1={0} y2={100} />
        <line x1={x(high)} x2={x(high)} y1={0} y2={100} />
      </svg>
      <div class="axis" aria-hidden="true">
        <span>{figure(histogram.low)}</span>
        <span>{figure(histogram.high)}</span>
      </div>
    </figure>
  );
}

/** Of the object: the background, at a tenth and less, has so many pixels that nothing else would be seen. */
function tallest({ counts, low, high }: Histogram): number {
  const first = Math.ceil((BINS * (0.1 * high - low)) / (high - low));
  return Math.max(1, ...counts.slice(Math.min(first, BINS - 1)));
}
