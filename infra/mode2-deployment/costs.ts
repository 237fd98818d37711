/** `costs`: what the jobs of this month have cost, and what a month of other jobs would cost. */
import { billOf, rounded, totalOf } from '../../services/limits/prices.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import type { JobView } from './broker.ts';
import { type Month, monthlyCosts } from './cost-model.ts';
import { failure } from './failure.ts';
import { table } from './io.ts';
import type { Result, Session } from './session.ts';
import { readStack } from './stack.ts';
import { usd } from './summary.ts';
import { hasToken, signIn } from './token.ts';
import { unitOf } from './unit.ts';

/** The command. Needs AWS and a token for what was; for what would be it needs nothing. */
export async function costs(session: Session): Promise<Result> {
  const { dialogue, template } = session;
  const month = monthOf(session);
  const estimate = monthlyCosts(month, template);
  for (const row of table(estimate.lines.map(({ what, usd: value }) => ['  ', usd(value), what])))
    dialogue.say(row);
  dialogue.say(`About ${usd(estimate.usdPerJob)} a job, ${usd(estimate.usdPerMonth)} a month.`);
  for (const assumption of estimate.assumptions) dialogue.say(`  ${assumption}`);
  if (!hasToken(session)) return { estimate, month, actual: null };
  const actual = await actualCosts(session);
  dialogue.say();
  dialogue.say(
    `This month: ${actual.jobs} jobs, about ${usd(actual.usd)} (computing, requests, one download each).`,
  );
  return { estimate, month, actual };
}

/** The jobs of the stack's unit since the first of the month (UTC), by the same formulas. */
async function actualCosts(session: Session): Promise<{ since: string; jobs: number; usd: number }> {
  const { aws, values, clock } = session;
  const stackName = values['stack-name'] ?? '';
  const stack = await readStack(aws, stackName);
  if (!stack) throw failure('stack_missing', `${stackName} in ${aws.region}`);
  const { broker } = await signIn(session);
  const unit = await unitOf(broker, stack);
  if (!unit) throw failure('unit_not_found', `${session.apiUrl} does not list the stack ${stackName}`);
  const now = new Date(clock());
  const since = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const jobs = await broker.jobs(unit.computingUnitId, since);
  const total = jobs.reduce((sum, job) => sum + costOf(job), 0);
  return { since: new Date(since).toISOString(), jobs: jobs.length, usd: rounded(total) };
}

function costOf({ platform, seconds, estimate, resultBytes = 0 }: JobView): number {
  const { vcpu, memoryMb } = estimate ?? {};
  if (platform === undefined || seconds === undefined || vcpu === undefined || memoryMb === undefined)
    return 0;
  return totalOf(
    billOf(PRICES, { platform, vcpu, memoryMb, seconds, resultBytes, storedBytes: resultBytes }),
  );
}

/** The month that the flags describe. @throws DeployFailure wrong_arguments */
export function monthOf({ values }: Pick<Session, 'values'>): Month {
  const number = (
    flag: 'jobs' | 'minutes' | 'vcpu' | 'memory-gb' | 'input-gb' | 'result-gb' | 'months-kept',
  ): number => {
    const value = Number(values[flag]);
    if (!Number.isFinite(value) || value < 0)
      throw failure('wrong_arguments', `--${flag} must be a number, not "${values[flag]}"`);
    return value;
  };
  const { platform } = values;
  if (platform !== 'fargate' && platform !== 'lambda')
    throw failure('wrong_arguments', `--platform is fargate or lambda`);
  const month = {
    jobs: number('jobs'),
    minutes: number('minutes'),
    platform,
    vcpu: number('vcpu'),
    memoryGb: number('memory-gb'),
    inputGb: number('input-gb'),
    resultGb: number('result-gb'),
    monthsKept: number('months-kept'),
  } as const;
  if (platform === 'lambda' && month.minutes > 15)
    throw failure('wrong_arguments', 'Lambda ends after 15 minutes; take --platform fargate');
  return month;
}
