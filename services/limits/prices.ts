/** What things cost: list prices times quantities, line by line, so that a person can check them. */
import type { CostLine } from '../../src/schemas/estimate.ts';
import type { PlatformName } from '../../src/schemas/execution.ts';
import type { Prices } from '../../src/schemas/prices.ts';

const GB = 1e9;
const HOUR = 3_600;
/** States that one execution enters: select, choose, run, report, end; one more for a change of platform. */
const TRANSITIONS = 6;
/** The functions that select the platform and report take about this much: GB times seconds. */
const HELPER_GB_SECONDS = 1.5;
/** Document, marker and result; reads of document and inputs. */
const PUTS = 3;
const GETS = 10;

export interface Quantities {
  readonly platform: PlatformName;
  readonly vcpu: number;
  readonly memoryMb: number;
  readonly seconds: number;
  /** Stored for a month: inputs and result. */
  readonly storedBytes: number;
  /** Downloaded once. */
  readonly resultBytes: number;
}

/** The lines of a bill for one run. */
export function billOf(prices: Prices, run: Quantities): CostLine[] {
  return [
    { what: run.platform === 'lambda' ? 'Lambda' : 'Fargate', usd: computeUsd(prices, run) },
    {
      what: 'Step Functions and helper functions',
      usd: TRANSITIONS * prices.stateTransition + HELPER_GB_SECONDS * prices.lambdaGbSecond,
    },
    { what: 'S3 requests', usd: PUTS * prices.s3Put + GETS * prices.s3Get },
    { what: 'S3 storage of inputs and result for a month', usd: (run.storedBytes / GB) * prices.s3GbMonth },
    { what: 'One download of the result', usd: (run.resultBytes / GB) * prices.egressGb },
  ];
}

/** The computing alone. Fargate bills a minute at least. */
export function computeUsd(
  prices: Prices,
  { platform, vcpu, memoryMb, seconds }: Pick<Quantities, 'platform' | 'vcpu' | 'memoryMb' | 'seconds'>,
): number {
  const gb = memoryMb / 1024;
  if (platform === 'lambda') return seconds * gb * prices.lambdaGbSecond + prices.lambdaRequest;
  const hours = Math.max(60, seconds) / HOUR;
  return hours * (vcpu * prices.fargateVcpuHour + gb * prices.fargateGbHour + prices.publicIpHour);
}

/** The sum of a bill. */
export function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { usd }) => sum + usd, 0);
}

/** Millionths of a dollar: the smallest runs cost less than a hundredth of a cent. */
export function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
