/**
 * What a month in a stack costs: the broker's own formulas and prices (services/limits/prices.ts, src/schemas/prices.ts), with
 * every assumption said. The documents show its figures, and a test compares them.
 */
import { billOf, rounded, totalOf } from '../../services/limits/prices.ts';
import type { CostLine } from '../../src/schemas/estimate.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import type { Template } from './template-file.ts';

export interface Month {
  readonly jobs: number;
  readonly minutes: number;
  readonly platform: 'fargate' | 'lambda';
  readonly vcpu: number;
  readonly memoryGb: number;
  readonly inputGb: number;
  readonly resultGb: number;
  readonly monthsKept: number;
}

export interface Costs {
  readonly lines: readonly CostLine[];
  readonly usdPerJob: number;
  readonly usdPerMonth: number;
  readonly assumptions: readonly string[];
}

/** A job of the documents: 10 minutes on 4 vCPUs and 16 GB, 100 MB in and out, kept for a month. */
export const TYPICAL: Month = {
  jobs: 100,
  minutes: 10,
  platform: 'fargate',
  vcpu: 4,
  memoryGb: 16,
  inputGb: 0.1,
  resultGb: 0.1,
  monthsKept: 1,
};

/** A month, US dollars each: what stands there whether jobs run or not. */
const STANDING: Readonly<Record<string, { usd: number; what: string }>> = {
  'AWS::CloudWatch::Alarm': { usd: 0.1, what: 'alarms' },
  'AWS::SecretsManager::Secret': { usd: 0.4, what: 'secrets' },
  'AWS::KMS::Key': { usd: 1, what: 'KMS keys' },
  'AWS::ECR::Repository': { usd: 0.05, what: 'copy of the Lambda image (0.5 GB)' },
};

const GB = 1e9;

/** The bill of one job, with its storage for as long as it is kept. */
function jobLines(month: Month): CostLine[] {
  return billOf(PRICES, {
    platform: month.platform,
    vcpu: month.vcpu,
    memoryMb: month.memoryGb * 1024,
    seconds: month.minutes * 60,
    resultBytes: month.resultGb * GB,
    storedBytes: (month.inputGb + month.resultGb) * GB * month.monthsKept,
  });
}

/** A month of such jobs in a stack made from the template. */
export function monthlyCosts(month: Month, template: Pick<Template, 'document'>): Costs {
  const perJob = jobLines(month);
  const standing = standingLines(template);
  const lines = [...perJob.map(({ what, usd }) => ({ what, usd: usd * month.jobs })), ...standing];
  return {
    lines: lines.map(({ what, usd }) => ({ what, usd: rounded(usd) })),
    usdPerJob: rounded(totalOf(perJob)),
    usdPerMonth: rounded(totalOf(lines)),
    assumptions: assumptionsOf(month),
  };
}

function standingLines({ document }: Pick<Template, 'document'>): CostLine[] {
  const resources = Object.values(
    (document.Resources ?? {}) as Record<string, { Type: string; Condition?: string }>,
  );
  return Object.entries(STANDING).flatMap(([type, { usd, what }]) => {
    const count = resources.filter(({ Type, Condition }) => Type === type && Condition === undefined).length;
    return count === 0 ? [] : { what: `Standing: ${count} ${what}`, usd: usd * count };
  });
}

function assumptionsOf(month: Month): string[] {
  const where = month.platform === 'lambda' ? 'Lambda' : `Fargate, ${month.vcpu} vCPUs`;
  return [
    `List prices of ${PRICES.region} as of ${PRICES.asOf}, on demand, without free tier; other regions cost up to half more.`,
    `${month.jobs} jobs of ${month.minutes} min on ${where}, ${month.memoryGb} GB.`,
    `${month.inputGb} GB of raw data and ${month.resultGb} GB of results per job, kept for ${month.monthsKept} months.`,
    `Every result is downloaded once, at ${PRICES.egressGb} USD per GB out of AWS; uploads are free.`,
    'A Fargate task is billed from the pull of its image, at least a minute, with a public address; NAT gateways and your own VPC are not counted.',
  ];
}
