/** Follows a job until it has ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { type BrokerClient, type components, dataOf } from '../../../client/index.js';
import { createBar } from '../bar.ts';
import { type Cli, Interrupted } from '../command.ts';

export type JobView = components['schemas']['Job'];

const POLL_MS = 1_000;
const ENDED = new Set<JobView['state']>(['succeeded', 'failed', 'canceled', 'lost']);

/** True if nothing more will happen to the job by itself. */
export function hasEnded({ state }: Pick<JobView, 'state'>): boolean {
  return ENDED.has(state);
}

/** The job when it has ended; asked for with its ETag, so that waiting costs next to nothing. Ctrl-C: Interrupted. */
export async function followJob(cli: Cli, client: BrokerClient, jobId: string): Promise<JobView> {
  const bar = createBar({ terminal: cli.io.terminal && !cli.json() });
  let etag: string | undefined;
  try {
    for (;;) {
      const call = client.GET('/api/job/{jobId}', {
        params: { path: { jobId } },
        headers: etag ? { 'if-none-match': etag } : {},
        signal: cli.signal,
      });
      const { response } = await call;
      if (response.status !== 304) {
        const job = await dataOf(call);
        if (hasEnded(job)) return job;
        etag = response.headers.get('etag') ?? undefined;
        bar.show(job.progress?.fraction ?? 0, stepOf(job));
      }
      await pause(POLL_MS, undefined, { signal: cli.signal });
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

function stepOf(job: JobView): string {
  const inner = job.state === 'running' ? job.progress?.message : undefined;
  return inner ? `${job.state}: ${inner}` : job.state;
}
