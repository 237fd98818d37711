/** How long a run takes and what it costs, said before it is submitted: with an interval and its assumptions. */
import type { CostLine, Interval, KeptEstimate } from '../../src/schemas/estimate.ts';
import type { OutputFlags } from '../../src/schemas/execution.ts';
import type { Prices } from '../../src/schemas/prices.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { billOf, rounded, totalOf } from './prices.ts';
import type { RunEstimator } from './run-estimator.ts';

/** The formulas of the estimator were seen to be wrong by a factor of two at most. */
const SPREAD = 2;
/** A file of unknown size is taken for a single slice of 16 coils. */
const TYPICAL_BYTES = 64e6;
/** Maps are a small part of the samples, coil sensitivities half of them. */
const MAPS_PART = 1 / 25;
const SENSITIVITIES_PART = 1 / 2;
const MATLAB_PART = 1 / 20;
const SMALLEST_RESULT = 300_000;

/** Bytes of the input files by role; undefined where nobody knows. */
export type InputSizes = Readonly<Record<string, number | undefined>>;

export interface Estimate extends KeptEstimate {
  /** Why this platform and size. */
  readonly reason: string;
  /** The most likely bill, line by line. */
  readonly lines: CostLine[];
  /** Whose AWS bill it is. */
  readonly paidBy: 'platform' | 'unit_owner';
  readonly assumptions: string[];
  /** Why the worker would refuse the task; undefined if it would not. */
  readonly refusal?: string;
}

export interface EstimateDeps {
  estimateRun: RunEstimator;
  prices: Prices;
}

export type EstimateRun = (
  unit: Pick<Unit, 'mode' | 'region'>,
  run: { task: Record<string, unknown>; output: OutputFlags; sizes: InputSizes },
) => Estimate;

/** Creates the estimate of runs. Pure: nothing is asked of AWS. */
export function createEstimate({ estimateRun, prices }: EstimateDeps): EstimateRun {
  return (unit, { task, output, sizes }) => {
    const signalBytes = sizes['signal'] ?? TYPICAL_BYTES;
    const inputBytes = Object.entries(sizes).reduce(
      (sum, [, bytes]) => sum + (bytes ?? TYPICAL_BYTES),
      'signal' in sizes ? 0 : TYPICAL_BYTES,
    );
    const run = estimateRun({ signalBytes, inputBytes, output }, task);
    const resultBytes = run.refusal === undefined ? resultBytesOf(signalBytes, output) : 0;
    const bill = (seconds: number): CostLine[] =>
      billOf(prices, {
        platform: run.platform,
        vcpu: run.size.vcpu,
        memoryMb: run.size.memoryMb,
        seconds,
        resultBytes,
        storedBytes: inputBytes + resultBytes,
      });
    const seconds = { low: run.seconds / SPREAD, likely: run.seconds, high: run.seconds * SPREAD };
    const usd = (value: number): number => rounded(totalOf(bill(value)));
    return {
      platform: run.platform,
      vcpu: run.size.vcpu,
      memoryMb: run.size.memoryMb,
      seconds: each(seconds, (value) => Math.round(value * 10) / 10),
      usd: each(seconds, usd),
      reason: run.reason,
      lines: bill(run.seconds).map(({ what, usd }) => ({ what, usd: rounded(usd) })),
      paidBy: unit.mode === 'mode_1' ? 'platform' : 'unit_owner',
      assumptions: assumptionsOf(prices, unit, sizes, resultBytes),
      ...(run.refusal === undefined ? {} : { refusal: run.refusal }),
    };
  };
}

function resultBytesOf(signalBytes: number, output: OutputFlags): number {
  const part =
    MAPS_PART + (output.coilsensitivity ? SENSITIVITIES_PART : 0) + (output.matlab ? MATLAB_PART : 0);
  return Math.round(SMALLEST_RESULT + signalBytes * part);
}

function assumptionsOf(
  prices: Prices,
  unit: Pick<Unit, 'mode' | 'region'>,
  sizes: InputSizes,
  resultBytes: number,
): string[] {
  const unknown = Object.keys(sizes).filter((role) => sizes[role] === undefined);
  const other = unit.region !== prices.region && `; ${unit.region} may cost up to half more`;
  return [
    `List prices of ${prices.region} as of ${prices.asOf}, without free tier and discounts${other || ''}.`,
    `The duration may be half or twice as long: matrix, coils and slices are guessed from the size of the files.`,
    `A result of about ${Math.ceil(resultBytes / 1e6)} MB is stored for a month with its inputs and downloaded once.`,
    ...unknown.map(
      (role) => `The size of the ${role} file is not known; taken for ${TYPICAL_BYTES / 1e6} MB.`,
    ),
    unit.mode === 'mode_1'
      ? 'Mode 1: the platform pays; you pay nothing. Data is processed in the account of the platform: not suitable for regulated data such as HIPAA.'
      : 'Mode 2: AWS bills this to the account of the computing unit; data stays there.',
  ];
}

function each(interval: Interval, change: (value: number) => number): Interval {
  return { low: change(interval.low), likely: change(interval.likely), high: change(interval.high) };
}
