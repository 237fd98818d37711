/** What a job has left: fetched, unpacked, and told in a few lines. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrokerClient, dataOf } from '../../../client/index.js';
import { unpack } from '../../../compute/formats/unpack.ts';
import { createBar } from '../bar.ts';
import { type Cli, Interrupted } from '../command.ts';
import { bytes, duration } from '../text.ts';
import { download, partialOf } from '../transfer/download.ts';
import type { JobView } from './follow.ts';

export interface Fetched {
  readonly folder: string;
  readonly zip: string;
  readonly picture: string | undefined;
  readonly map: string | undefined;
}

/** Downloads and unpacks the result, or the failure bundle. Ctrl-C: Interrupted; what has arrived waits for the next time. */
export async function fetchResult(
  cli: Cli,
  client: BrokerClient,
  job: Pick<JobView, 'jobId' | 'state'>,
  folder: string,
): Promise<Fetched> {
  const bar = createBar({ terminal: cli.io.terminal && !cli.json() });
  const { jobId } = job;
  const { signal } = cli;
  let progress = 'nothing';
  try {
    const sign = async (): Promise<string> =>
      (await dataOf(client.GET('/api/job/{jobId}/result', { params: { path: { jobId } }, signal }))).url;
    const zip = join(folder, zipOf(job));
    const onProgress = (received: number, size: number): void => {
      progress = `${bytes(received)} of ${bytes(size)}`;
      bar.show(size > 0 ? received / size : 0, `downloading ${progress}`);
    };
    await download({ sign, path: zip, onProgress, signal });
    const names = await unpack(zip, folder);
    const found = (name: string): string | undefined =>
      names.includes(name) ? join(folder, name) : undefined;
    return {
      folder,
      zip,
      picture: found('overview.png') ?? found('data/SNR.png'),
      map: found('data/SNR.nii.gz'),
    };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Interrupted(
      `Stopped with ${progress} fetched. Go on there: cloudmr jobs download ${jobId} --out ${quoted(folder)}`,
    );
  } finally {
    bar.stop();
  }
}

/** Where the result of a job goes if nobody says: a folder that is new, or the one where an earlier try has stopped. */
export async function resultFolder(job: Pick<JobView, 'jobId' | 'state'>): Promise<string> {
  for (let n = 1; ; n++) {
    const path = `cloudmr-${job.jobId}${n === 1 ? '' : `-${n}`}`;
    if (!(await exists(path)) || (await partialOf(join(path, zipOf(job))))) return path;
  }
}

function zipOf({ state }: Pick<JobView, 'state'>): string {
  return state === 'succeeded' ? 'result.zip' : 'failure.zip';
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** As an argument for a shell. */
function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** The lines for people. */
export function resultLines(job: JobView, { picture, map, zip }: Partial<Fetched>): string[] {
  const { summary } = job;
  const number = (value: number | null): string => (value === null ? 'none' : value.toFixed(1));
  const size = job.resultBytes === undefined ? '' : ` (${bytes(job.resultBytes)})`;
  return [
    ...(summary
      ? [
          `SNR      median ${number(summary.medianSnr)} in the object, maximum ${number(summary.maxSnr)}`,
          `signal   ${summary.coils} coils, ${summary.matrix.join(' x ')}`,
        ]
      : []),
    ...(job.seconds === undefined ? [] : [`run      ${duration(job.seconds)} on ${job.platform ?? 'AWS'}`]),
    ...(picture ? [`picture  ${picture}`] : []),
    ...(map ? [`map      ${map}`] : []),
    ...(zip ? [`all      ${zip}${size}`] : []),
  ];
}

/** Why a job did not succeed, and what to do. */
export function failureLines({ jobId, state, failure }: JobView): string[] {
  if (!failure) return [`The job ${jobId} is ${state}.`];
  return [
    `The job ${jobId} ${state === 'lost' ? 'was lost' : 'has failed'}: ${failure.message} (${failure.code})`,
    `What to do: ${failure.remedy}`,
    `Who: ${{ user: 'you', unit_owner: 'the owner of the computing unit', operator: 'the operator of the broker' }[failure.actor]}`,
  ];
}
