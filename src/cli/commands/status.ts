/** `cloudmr status`, `cloudmr release`: the operator's view of a broker, and what to do about jobs set aside. */
import type { Command } from 'commander';
import { type components, dataOf } from '../../../client/index.js';
import type { Cli } from '../command.ts';
import { duration, table } from '../text.ts';

type Overview = components['schemas']['Operations'];

/** Adds the commands. */
export function statusCommands(program: Command, cli: Cli): void {
  program
    .command('status')
    .description('for administrators: open jobs, processes, budgets of AWS calls, errors, queues')
    .addHelpText('after', '\nWhat to do about each: docs/RUNBOOK.md')
    .action(async () => {
      const { client } = await cli.session();
      const seen = await dataOf(client.GET('/api/admin/operations'));
      cli.show(seen, () => told(seen));
    });

  program
    .command('release')
    .description('for administrators: try a job again that was set aside')
    .argument('<job>', 'its id; cloudmr status lists those that are set aside')
    .action(async (jobId: string) => {
      const { client } = await cli.session();
      const path = { jobId };
      const answer = await dataOf(client.POST('/api/admin/jobs/{jobId}/release', { params: { path } }));
      cli.show(answer, () => `The job ${jobId} is tried again.`);
    });
}

/** What the table by state is about, if not all. */
function coverage({ counted, open, openMore }: Overview['openJobs']): string {
  const among = openMore ? ` of the ${open} that are due first, and what is too old` : '';
  return `by state and age: the oldest ${counted}${among}`;
}

function told(seen: Overview): string {
  const { killSwitch, openJobs, setAside, brokers, unheld, budgets, errors, queues } = seen;
  const late =
    seen.sweepLagSeconds > 0 ? `the most overdue by ${duration(seen.sweepLagSeconds)}` : 'none overdue';
  const aside = `${setAside.jobs.length}${setAside.more ? ' or more' : ''} set aside`;
  const parts = [
    killSwitch.stopped
      ? `All units are stopped since ${killSwitch.since} by ${killSwitch.by}: their jobs stand still until cloudmr units open-all`
      : '',
    `${openJobs.open}${openJobs.openMore ? ' or more' : ''} open jobs, ${late}; ${aside}`,
    ...(openJobs.more ? [coverage(openJobs)] : []),
    section(
      ['state', 'jobs', 'oldest', ...classesOf(seen.ages)],
      openJobs.byState.map(({ state, jobs, oldestSeconds, byAge }) => [
        state,
        String(jobs),
        duration(oldestSeconds),
        ...byAge.map(String),
      ]),
    ),
    section(
      ['open for longest', 'state', 'attempt lasts', 'next look', 'unit', 'last note'],
      openJobs.longest.map(({ jobId, state, attemptSeconds, nextLookAt, computingUnitId, note }) => [
        ...[jobId, state, duration(attemptSeconds), nextLookAt ?? 'never', computingUnitId, note ?? ''],
      ]),
    ),
    section(
      ['set aside', 'at', 'failures', 'error'],
      setAside.jobs.map(({ jobId, at, failures, error }) => [jobId, at, String(failures), error]),
    ),
    section(
      ['process', 'lives', 'release', 'late by', 'steps', 'failed', 'holds'],
      brokers.map((broker) => [
        broker.brokerId + (broker.self ? ' (answers)' : ''),
        broker.alive ? 'yes' : `not since ${broker.seenAt}`,
        broker.release,
        duration(broker.lagSeconds),
        String(broker.steps),
        String(broker.failedSteps),
        kindsOf(broker.holds),
      ]),
    ),
    unheld.length > 0 ? `Held by nobody: ${kindsOf(unheld)}` : '',
    section(
      ['account', 'region', 'calls to AWS', 'used now', 'at most at once'],
      budgets.map(({ account, region, operation, used, limit }) => [
        account,
        region,
        operation,
        String(used),
        String(limit),
      ]),
    ),
    section(
      ['error', 'of a', '5 min', 'hour', 'day'],
      errors.map(({ kind, code, last5Minutes, lastHour, lastDay }) => [
        code,
        kind,
        ...[last5Minutes, lastHour, lastDay].map(String),
      ]),
    ),
    section(
      ['queue', 'waiting', 'late by'],
      queues.map(({ queue, waiting, more, lagSeconds }) => [
        queue,
        `${waiting}${more ? '+' : ''}`,
        duration(lagSeconds),
      ]),
    ),
  ];
  return parts.filter(Boolean).join('\n\n');
}

/** `open-jobs-0`, `open-jobs-1`, ... as `open-jobs (2 parts)`: a line of all of them is wider than a terminal. */
function kindsOf(pieces: readonly string[]): string {
  const kinds = new Map<string, number>();
  for (const kind of pieces.map((piece) => piece.replace(/-\d+$/, '')))
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].map(([kind, parts]) => (parts > 1 ? `${kind} (${parts} parts)` : kind)).join(', ');
}

/** Nothing, if there are no rows. */
function section(head: string[], rows: string[][]): string {
  return rows.length > 0 ? table(head, rows) : '';
}

/** `< 1 min`, ..., `more`. */
function classesOf(ages: readonly number[]): string[] {
  return [...ages.map((age) => `< ${duration(age).replace(/ 0 s$| 0 min$/, '')}`), 'more'];
}
