/** `cloudmr jobs`: look, follow, stop, try again, fetch. */
import { Argument, type Command, Option } from 'commander';
import { dataOf, type operations } from '../../../client/index.js';
import type { Cli } from '../command.ts';
import { count } from '../numbers.ts';
import { followJob, type JobView } from '../run/follow.ts';
import { failureLines, fetchResult, resultFolder, resultLines } from '../run/results.ts';
import { table, usd } from '../text.ts';
import { failed } from './run.ts';

const STATES = ['queued', 'starting', 'running', 'canceling', 'succeeded', 'failed', 'canceled', 'lost'];
const id = () => new Argument('<job>', 'id of the job');

type JobCost = operations['getJobCost']['responses'][200]['content']['application/json'];

/** Adds the commands. */
export function jobCommands(program: Command, cli: Cli): void {
  const jobs = program
    .command('jobs')
    .description('your jobs')
    .addHelpText(
      'after',
      `
Examples:
  $ cloudmr jobs list --state failed
  $ cloudmr jobs show JOB
  $ cloudmr jobs download JOB --out results`,
    );

  jobs
    .command('list', { isDefault: true })
    .description('the newest first')
    .addOption(new Option('--state <state>', 'only in this state').choices(STATES))
    .option('--limit <n>', 'at most so many', count, 20)
    .option('--cursor <text>', 'go on behind an earlier page')
    .action(
      async ({ state, limit, cursor }: { state?: JobView['state']; limit: number; cursor?: string }) => {
        const { client } = await cli.session();
        const query = { limit, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) };
        const page = await dataOf(client.GET('/api/job', { params: { query } }));
        cli.show(page, () => {
          if (page.jobs.length === 0) return 'No jobs.';
          const rows = page.jobs.map((job) => [
            job.jobId,
            job.state,
            job.mode,
            job.summary?.medianSnr?.toFixed(1) ?? job.failure?.code ?? '',
            job.createdAt.slice(0, 16).replace('T', ' '),
            job.alias,
          ]);
          const more = page.cursor ? `\nMore: cloudmr jobs list --cursor ${page.cursor}` : '';
          return table(['job', 'state', 'mode', 'median SNR', 'created (UTC)', 'name'], rows) + more;
        });
      },
    );

  jobs
    .command('show')
    .description('one job with its cost and its history')
    .addArgument(id())
    .action(async (jobId: string) => {
      const { client } = await cli.session();
      const params = { path: { jobId } };
      const [job, cost] = await Promise.all([
        dataOf(client.GET('/api/job/{jobId}', { params })),
        dataOf(client.GET('/api/job/{jobId}/cost', { params })),
      ]);
      cli.show({ ...job, cost }, () => shown(job, cost));
    });

  jobs
    .command('logs')
    .description('what happened, and where the log of the worker is')
    .addArgument(id())
    .action(async (jobId: string) => {
      const { client } = await cli.session();
      const logs = await dataOf(client.GET('/api/job/{jobId}/logs', { params: { path: { jobId } } }));
      cli.show(logs, () =>
        [
          ...logs.events.map(({ at, by, text }) => `${at}  ${by.padEnd(8)}  ${text}`),
          ...(logs.log ? [`log of the worker (until ${logs.log.expiresAt}): ${logs.log.url}`] : []),
        ].join('\n'),
      );
    });

  jobs
    .command('cancel')
    .description('stop a job')
    .addArgument(id())
    .action(async (jobId: string) => {
      const { client } = await cli.session();
      const job = await dataOf(client.POST('/api/job/{jobId}/cancel', { params: { path: { jobId } } }));
      cli.show(job, () => `The job is ${job.state}.`);
    });

  jobs
    .command('retry')
    .description('try a job again that failed, was canceled or was lost')
    .addArgument(id())
    .addOption(new Option('--platform <name>', 'where it has to run').choices(['lambda', 'fargate']))
    .action(async (jobId: string, { platform }: { platform?: JobView['platform'] }) => {
      const { client } = await cli.session();
      const body = { platform };
      const job = await dataOf(client.POST('/api/job/{jobId}/retry', { params: { path: { jobId } }, body }));
      cli.show(job, () => `The job is ${job.state} again. Follow it: cloudmr jobs watch ${jobId}`);
    });

  jobs
    .command('download')
    .description('fetch the result, or what a failed job has left')
    .addArgument(id())
    .option('--out <folder>', 'where it goes')
    .action(async (jobId: string, { out }: { out?: string }) => {
      const { client } = await cli.session();
      const job = await dataOf(client.GET('/api/job/{jobId}', { params: { path: { jobId } } }));
      const fetched = await fetchResult(cli, client, job, out ?? (await resultFolder(job)));
      cli.show({ jobId, ...fetched }, () => resultLines(job, fetched).join('\n'));
    });

  jobs
    .command('watch')
    .description('follow a job until it has ended')
    .addArgument(id())
    .action(async (jobId: string) => {
      const { client } = await cli.session();
      const job = await followJob(cli, client, jobId);
      if (job.state !== 'succeeded') throw failed(job);
      cli.show(job, () => [...resultLines(job, {}), `Fetch it: cloudmr jobs download ${jobId}`].join('\n'));
    });
}

function shown(job: JobView, cost: JobCost): string {
  const estimate = job.estimate ? `, estimated ${usd(job.estimate.usd.likely)} before it began` : '';
  const payer = cost.paidBy === 'platform' ? 'the platform' : 'the owner of the unit';
  return [
    `${job.alias}`,
    `state    ${job.state}${job.progress && job.state === 'running' ? `: ${job.progress.message}` : ''}`,
    ...resultLines(job, {}),
    `cost     ${usd(cost.usd)}${cost.final ? '' : ' so far'}, paid by ${payer}${estimate}`,
    ...(job.failure ? failureLines(job) : []),
    'history',
    ...job.history.map(({ state, at, by, note }) => `  ${at}  ${state} by ${by}${note ? `: ${note}` : ''}`),
  ].join('\n');
}
