/** Follows a job until it has ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { type BrokerClient, BrokerError, type components, dataOf } from '../../../client/index.js';
import { createBar } from '../bar.ts';
import { type Cli, CommandFailed, Interrupted } from '../command.ts';

export type JobView = components['schemas']['Job'];

const POLL_MS = 1_000;
/** Between looks while the broker does not answer: it is being replaced, or the network is away. */
const AWAY_MS = 5_000;
/** Looks in a row without an answer; then it is said that the job goes on. */
const MAX_AWAY = 60;
const ENDED = new Set<JobView['state']>(['succeeded', 'failed', 'canceled', 'lost']);

/** True if nothing more will happen to the job by itself. */
export function hasEnded({ state }: Pick<JobView, 'state'>): boolean {
  return ENDED.has(state);
}

/**
 * The job when it has ended; asked for with its ETag, so that waiting costs next to nothing. A broker that does not
 * answer for minutes is waited for, because the job goes on. Ctrl-C: Interrupted.
 */
export async function followJob(cli: Cli, client: BrokerClient, jobId: string): Promise<JobView> {
  const bar = createBar({ terminal: cli.io.terminal && !cli.json() });
  let etag: string | undefined;
  let away = 0;
  const look = async (): Promise<JobView | undefined> => {
    const call = client.GET('/api/job/{jobId}', {
      params: { path: { jobId } },
      headers: etag ? { 'if-none-match': etag } : {},
      signal: cli.signal,
    });
    const { response } = await call;
    if (response.status === 304) return undefined;
    const job = await dataOf(call);
    etag = response.headers.get('etag') ?? undefined;
    return job;
  };
  try {
    for (;;) {
      try {
        const job = await look();
        if (job && hasEnded(job)) return job;
        if (job) bar.show(job.progress?.fraction ?? 0, stepOf(job));
        away = 0;
      } catch (error) {
        if (cli.signal.aborted || !isAway(error)) throw error;
        if (++away === 1) cli.io.err('The broker does not answer; the job goes on, and is asked for again.');
        if (away >= MAX_AWAY) throw gaveUp(jobId, error);
      }
      await pause(away > 0 ? AWAY_MS : POLL_MS, undefined, { signal: cli.signal });
    }
  } catch (error) {
    if (!cli.signal.aborted) throw error;
    throw new Interrupted(
      `The job goes on without you. Watch it: cloudmr jobs watch ${jobId}\nStop it:  cloudmr jobs cancel ${jobId}`,
    );
  } finally {
    bar.stop();
  }
}

/** True if this passes by itself: nobody answers (`fetch failed`), or who answers has trouble of its own. */
function isAway(error: unknown): boolean {
  if (error instanceof BrokerError) return error.status >= 500 || error.status === 429;
  return error instanceof TypeError && error.cause !== undefined;
}

function gaveUp(jobId: string, error: unknown): CommandFailed {
  const message = `the broker does not answer: ${error instanceof Error ? error.message : String(error)}`;
  return new CommandFailed(message, `The job goes on. Watch it: cloudmr jobs watch ${jobId}`, 'unavailable');
}

function stepOf(job: JobView): string {
  const inner = job.state === 'running' ? job.progress?.message : undefined;
  return inner ? `${job.state}: ${inner}` : job.state;
}
