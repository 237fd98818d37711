/**
 * Whether the account of a unit may run as much at once as jobs need: what AWS has given it in the unit's region,
 * against the sizes that this release runs jobs in. New accounts have little, and jobs fail there late and oddly.
 */
import { ACCOUNT_QUOTAS, type AccountQuota } from '../../src/schemas/quotas.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError } from '../ports.ts';
import type { UnitProbe } from '../units/ports.ts';
import { type CheckFix, failed, passed, skipped, warning } from './catalogue.ts';
import { quotaArns } from './quota-arns.ts';
import type { ReleasedWorker } from './worker.ts';

export interface QuotaChecksDeps {
  probe: Pick<UnitProbe, 'quota'>;
  clock: Clock;
  fargate: ReleasedWorker['fargate'];
}

/** What a quota must allow. */
interface Need {
  readonly quota: AccountQuota;
  /** With less, jobs cannot run at all. */
  readonly least: number;
  /** With less, the largest jobs, or some at once, cannot. */
  readonly enough: number;
  /** What to ask AWS for. */
  readonly ask: number;
  /** The value, and what takes how much of it. */
  readonly said: (value: number) => string;
}

/** One function runs the job, and others choose its platform and report it for a moment. */
const FUNCTIONS_PER_JOB = 2;
/** New accounts have 10 functions: five jobs. */
const JOBS_AT_ONCE = 10;
/** What accounts have that are not new. */
const USUAL_FUNCTIONS = 1_000;
const LARGEST_TASKS_AT_ONCE = 4;

/** Creates the check. It never throws CloudError but `paused`: that AWS does not tell a quota says nothing of the unit. */
export function createQuotaCheck({ probe, clock, fargate }: QuotaChecksDeps) {
  const needs: readonly Need[] = [
    {
      quota: ACCOUNT_QUOTAS.fargateVcpus,
      // Without any task of Fargate, jobs that Lambda can hold still run: no reason to close the unit.
      least: 0,
      enough: fargate.mostVcpus,
      ask: LARGEST_TASKS_AT_ONCE * fargate.mostVcpus,
      said: (value) =>
        `Fargate: ${value} vCPUs at once, a task takes ${fargate.leastVcpus} to ${fargate.mostVcpus}` +
        (value < fargate.leastVcpus ? ', so only jobs that Lambda can hold run' : ''),
    },
    {
      quota: ACCOUNT_QUOTAS.lambdaConcurrency,
      least: FUNCTIONS_PER_JOB,
      enough: FUNCTIONS_PER_JOB * JOBS_AT_ONCE,
      ask: USUAL_FUNCTIONS,
      said: (value) => `Lambda: ${value} functions at once, a job takes up to ${FUNCTIONS_PER_JOB}`,
    },
  ];

  /** The value; or, in words, why it is not known. */
  async function ask(unit: Unit, quota: AccountQuota): Promise<number | CloudError> {
    try {
      return await probe.quota(unit, quota);
    } catch (error) {
      if (!(error instanceof CloudError) || error.problem === 'paused') throw error;
      return error;
    }
  }

  return async function checkQuotas(unit: Unit): Promise<UnitCheck[]> {
    const values = await Promise.all(needs.map(({ quota }) => ask(unit, quota)));
    const at = clock();
    const known = needs.flatMap((need, i) => {
      const value = values[i];
      return typeof value === 'number' ? { ...need, value } : [];
    });
    const unknown = values.filter((value) => value instanceof CloudError);
    const policy = unknown.some(({ problem }) => problem === 'denied') ? quotaPolicy(unit) : undefined;
    const evidence = [
      ...known.map(({ said, value }) => said(value)),
      ...new Set(unknown.map(whyUnknown)),
    ].join('; ');
    const low = known.filter(({ value, enough }) => value < enough);
    const fix: CheckFix = { policy, ...(low.length > 0 && { command: commandsFor(unit, low) }) };
    if (known.some(({ value, least }) => value < least)) return [failed('account_quotas', evidence, at, fix)];
    if (low.length > 0) return [warning('account_quotas', evidence, at, fix)];
    return unknown.length > 0
      ? [skipped('account_quotas', evidence, at, fix)]
      : [passed('account_quotas', evidence, at)];
  };
}

function whyUnknown({ problem, awsCode }: CloudError): string {
  return problem === 'denied'
    ? 'the role does not allow servicequotas:GetServiceQuota'
    : `Service Quotas does not say (${awsCode})`;
}

/** What the role's policy must allow for the check. */
function quotaPolicy(unit: Unit): object {
  return { Effect: 'Allow', Action: ['servicequotas:GetServiceQuota'], Resource: quotaArns(unit) };
}

/** One line for each, to be run with credentials of the account. */
function commandsFor({ region }: Unit, low: readonly Need[]): string {
  return low
    .map(({ quota: { serviceCode, quotaCode }, ask }) =>
      [
        'aws service-quotas request-service-quota-increase',
        `--region ${region}`,
        `--service-code ${serviceCode}`,
        `--quota-code ${quotaCode}`,
        `--desired-value ${ask}`,
      ].join(' '),
    )
    .join('\n');
}
