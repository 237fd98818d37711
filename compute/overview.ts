/** The overview picture of a result: what of the maps and of the run is shown on it. */
import type { Overview, OverviewPanel } from './formats/overview.ts';
import { encodeOverview } from './formats/overview.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { OutputMap } from './outputs.ts';
import { distributionOf, statisticsOf } from './statistics.ts';

/** What the picture says beyond the maps. */
export interface OverviewFacts {
  readonly noise: NoiseModel;
  /** Protocol, scanner and the like; undefined is left out. */
  readonly scan: readonly (string | undefined)[];
  /** Replicas that were drawn or measured. */
  readonly replicas: number | undefined;
  readonly acceleration: readonly [number, number] | undefined;
  readonly warnings: number;
  readonly version: string;
}

const BINS = 72;
/** Ids of the maps that the viewers know. */
const SNR = 0;
const CORRELATION = 2;
const G_FACTORS: readonly number[] = [3, 5];

/** The bytes of the picture. Throws Error if the SNR is not among the maps. */
export function overviewPicture(maps: readonly OutputMap[], facts: OverviewFacts): Uint8Array {
  const snr = maps.find(({ id }) => id === SNR);
  if (!snr) throw new Error('an overview without SNR was asked for');
  return encodeOverview(overviewOf(snr, maps, facts));
}

function overviewOf(snr: OutputMap, maps: readonly OutputMap[], facts: OverviewFacts): Overview {
  const { median, maximum, top } = statisticsOf(snr.data);
  const distribution = distributionOf(snr.data, top, BINS);
  const gFactor = maps.find(({ id }) => G_FACTORS.includes(id));
  const correlation = maps.find(({ id }) => id === CORRELATION);
  const panels: OverviewPanel[] = [];
  if (correlation) panels.push({ kind: 'map', title: 'Noise correlation', map: correlation.preview });
  if (gFactor) panels.push({ kind: 'map', title: gFactor.preview.title, map: gFactor.preview });
  else if (correlation)
    panels.push({ kind: 'coils', title: 'Noise of each coil (mean 1)', chart: coilNoise(facts.noise) });
  const spread = distribution.spread?.map(short).join(' \u2013 ') ?? 'none';
  const numbers = [
    { label: 'median SNR', value: short(median) },
    { label: '5th to 95th percentile', value: spread },
    { label: 'maximum SNR', value: short(maximum) },
    ...accelerationNumbers(gFactor, facts.acceleration),
    ...(facts.replicas ? [{ label: 'replicas', value: `${facts.replicas}` }] : []),
    ...(correlation ? noiseNumbers(facts.noise) : []),
  ];
  const scan = facts.scan.filter((text) => text !== undefined && text !== '').join(' \u00b7 ');
  const hints = facts.warnings === 1 ? '1 warning' : `${facts.warnings} warnings`;
  return {
    title: snr.preview.title,
    subtitle: [snr.preview.subtitle, scan].filter(Boolean).join(' \u00b7 '),
    footer:
      `CloudMR SNR worker ${facts.version} \u00b7 object: pixels above 10 % of the 99th percentile ` +
      `(${distribution.pixels.toLocaleString('en-US')}) \u00b7 ${facts.warnings === 0 ? 'no warnings' : `${hints}, see info.json`}`,
    main: snr.preview,
    histogram: {
      title: 'SNR in the object',
      counts: distribution.counts,
      range: [0, top],
      colours: snr.preview.range,
      median,
      medianLabel: `median ${short(median)}`,
      unit: 'SNR',
    },
    panels,
    numbers,
  };
}

function noiseNumbers(noise: NoiseModel): Overview['numbers'] {
  return [
    { label: 'noise condition number', value: short(noise.conditionNumber) },
    { label: 'noise samples per coil', value: noise.samples.toLocaleString('en-US') },
  ];
}

/** Standard deviation of the noise of each coil over the mean of all. */
function coilNoise({ covariance: { size, re } }: NoiseModel): { values: number[]; reference: number } {
  const deviations = Array.from({ length: size }, (_, i) => Math.sqrt(re[i * size + i]));
  const mean = deviations.reduce((sum, value) => sum + value, 0) / size;
  return { values: deviations.map((value) => value / mean), reference: 1 };
}

function accelerationNumbers(
  gFactor: OutputMap | undefined,
  acceleration: OverviewFacts['acceleration'],
): Overview['numbers'] {
  const numbers = [];
  if (acceleration && acceleration[0] * acceleration[1] > 1) {
    numbers.push({ label: 'acceleration', value: acceleration.join(' \u00d7 ') });
  }
  if (gFactor) {
    const inside = gFactor.data.filter((value) => value > 0).sort();
    const at = (part: number): string =>
      short(inside[Math.min(inside.length - 1, Math.floor(part * inside.length))] ?? null);
    numbers.push({ label: 'g: median, 95th percentile', value: `${at(0.5)}, ${at(0.95)}` });
  }
  return numbers;
}

/** Three digits, for reading at a distance; no exponent for ordinary sizes. */
function short(value: number | null): string {
  if (value === null) return 'none';
  if (value !== 0 && (Math.abs(value) < 1e-2 || Math.abs(value) >= 1e6)) return value.toExponential(1);
  return Number(value.toPrecision(3)).toString();
}
