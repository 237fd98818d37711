/**
 * List prices of AWS in US dollars: us-east-1, on demand, x86, without free tier and discounts. Only these
 * figures decide what an estimate says; a test compares the formulas with worked examples.
 */
export const PRICES = {
  asOf: '2026-08',
  region: 'us-east-1',
  lambdaGbSecond: 0.0000166667,
  lambdaRequest: 0.0000002,
  fargateVcpuHour: 0.04048,
  fargateGbHour: 0.004445,
  /** A public address of the task, as the stack gives it. */
  publicIpHour: 0.005,
  /** Standard workflows. */
  stateTransition: 0.000025,
  s3Put: 0.000005,
  s3Get: 0.0000004,
  s3GbMonth: 0.023,
  /** Out of the region to the internet, first 10 TB. */
  egressGb: 0.09,
} as const;
export type Prices = {
  readonly [Name in keyof typeof PRICES]: (typeof PRICES)[Name] extends number ? number : string;
};
