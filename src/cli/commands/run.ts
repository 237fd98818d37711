/** `cloudmr run`: upload, submit, wait, fetch. Stopped at any moment, the same command goes on. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type BrokerClient, dataOf, type operations } from '../../../client/index.js';
import { createBar } from '../bar.ts';
import { type Cli, CommandFailed, Interrupted, UsageError } from '../command.ts';
import { amount, count, pair } from '../numbers.ts';
import { followJob, type JobView } from '../run/follow.ts';
import { type Pending, pendingFile } from '../run/pending.ts';
import { failureLines, fetchResult, resultFolder, resultLines } from '../run/results.ts';
import { METHODS, RECONSTRUCTIONS, type TaskFlags, taskDocument } from '../run/task-document.ts';
import type { Session } from '../session.ts';
import type { StateFile } from '../state-folder.ts';
import { bytes, duration, usd } from '../text.ts';
import { uploadFile } from '../transfer/upload.ts';
import { chooseUnit } from './choose-unit.ts';

interface RunFlags extends TaskFlags {
  readonly noise?: string;
  readonly mode?: string;
  readonly unit?: string;
  readonly name?: string;
  readonly out?: string;
  readonly gfactor?: boolean;
  readonly coilsens?: boolean;
  readonly matlab?: boolean;
  readonly maxCost?: number;
  readonly estimateOnly?: boolean;
  readonly wait: boolean;
}

/** Adds the command. */
export function runCommand(program: Command, cli: Cli): void {
  program
    .command('run')
    .description('compute SNR maps of raw data on a computing unit')
    .argument('<files...>', 'raw data, a job for each: ISMRMRD .h5 or Siemens .dat')
    .option('--noise <file>', 'noise scan; without it the raw data hold their own')
    .addOption(new Option('--method <name>', 'SNR method').choices(METHODS).default('ac'))
    .addOption(new Option('--recon <name>', 'reconstruction').choices(RECONSTRUCTIONS).default('rss'))
    .option('--replicas <n>', 'number of pseudo replicas (pmr, cr)', count)
    .option('--box-size <n>', 'side of the window in pixels (cr)', count)
    .option('--acceleration <x,y>', 'acceleration along readout and phase encoding', pair)
    .option('--acl <x,y>', 'autocalibration lines along readout and phase encoding', pair)
    .option('--decimate', 'undersample full data in software')
    .option('--sensitivity <name>', 'coil sensitivities: inner, innerACL, walsh, espirit')
    .option('--seed <n>', 'seed of the replicas', count)
    .option('--platform <name>', 'lambda or fargate; the broker chooses if left out')
    .option('--task <file>', 'task document (version v0) instead of these flags; its files are replaced')
    .option('--gfactor', 'also g-factor maps')
    .option('--coilsens', 'also coil sensitivities')
    .option('--matlab', 'also matlab.mat')
    .addOption(new Option('--mode <mode>', 'kind of computing unit').choices(['mode_1', 'mode_2']))
    .option('--unit <id>', 'computing unit, by id or alias')
    .option('--name <text>', 'name of the job')
    .option('--max-cost <usd>', 'refuse the job if it may cost you more', amount)
    .option('--estimate-only', 'upload, say price and duration, and stop')
    .option('--out <folder>', 'where the results go')
    .option('--wait', 'wait for the end and fetch the results', true)
    .option('--no-wait', 'do not wait')
    .addHelpText(
      'after',
      `
Examples:
  $ cloudmr run brain.dat --noise noise.dat
  $ cloudmr run brain.h5 --method pmr --replicas 128 --recon sense --acceleration 1,2 --decimate --gfactor
  $ cloudmr run brain.h5 --mode mode_2 --no-wait --json

Stopped with Ctrl-C? The same command goes on where it was.`,
    )
    .action((files: string[], flags: RunFlags) => runAll(cli, files, flags));
}

type Estimate = operations['estimateTask']['responses'][200]['content']['application/json'];

/** What came of one file. */
interface Outcome {
  readonly value: object;
  readonly lines: string[];
}

/** One file after the other; the first that fails ends it, and the same command goes on with it. */
async function runAll(cli: Cli, files: string[], flags: RunFlags): Promise<void> {
  for (const path of [...files, ...(flags.noise ? [flags.noise] : [])]) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) throw new UsageError(`${path} is not a file`);
  }
  // What the worker would refuse is refused before anything is sent.
  const nowhere = (path: string) => ({ filename: basename(path), Bucket: 'none', Key: 'none' });
  await taskDocument(flags, nowhere(files[0]), flags.noise ? nowhere(flags.noise) : undefined);

  const session = await cli.session();
  const unit = await chooseUnit(session.client, flags);
  const outcomes: Outcome[] = [];
  for (const file of files) {
    const out = flags.out && files.length > 1 ? join(flags.out, parse(file).name) : flags.out;
    outcomes.push(await run(cli, session, unit.computingUnitId, file, { ...flags, out }));
  }
  const values = outcomes.map(({ value }) => value);
  cli.show(files.length === 1 ? values[0] : values, () => outcomes.flatMap(({ lines }) => lines).join('\n'));
}

async function run(
  cli: Cli,
  { client, url }: Session,
  unitId: string,
  file: string,
  flags: RunFlags,
): Promise<Outcome> {
  const { out: _, wait: __, estimateOnly: ___, ...request } = flags;
  const state = pendingFile(cli.environment.folder, url, [resolve(file), unitId, request]);
  const pending: Pending = (await state.read()) ?? { unitId, uploads: {} };
  let { jobId } = pending;
  if (jobId === undefined || flags.estimateOnly) {
    const { estimate, told, body } = await estimated(cli, client, file, flags, pending, state);
    if (flags.estimateOnly) return { value: estimate, lines: [told] };
    jobId = await submit(client, file, flags, pending, state, body);
  }
  if (!flags.wait) {
    await state.remove();
    return { value: { jobId }, lines: [`Job ${jobId}`, `Follow it: cloudmr jobs watch ${jobId}`] };
  }
  const job = await followJob(cli, client, jobId);
  if (job.state !== 'succeeded') {
    await state.remove();
    throw failed(job);
  }
  const fetched = await fetchResult(cli, client, job, flags.out ?? (await resultFolder(job)));
  await state.remove();
  return { value: { job, ...fetched }, lines: [`Job      ${jobId}`, ...resultLines(job, fetched)] };
}

/** Uploads what is missing and says what it will cost. Throws CommandFailed if the worker would refuse. */
async function estimated(
  cli: Cli,
  client: BrokerClient,
  file: string,
  flags: RunFlags,
  pending: Pending,
  state: StateFile<Pending>,
) {
  const signal = await upload(cli, client, file, 'signal', pending, state);
  const noise = flags.noise ? await upload(cli, client, flags.noise, 'noise', pending, state) : undefined;
  const body = {
    appName: 'MR Optimum',
    computing_unit_id: pending.unitId,
    task: await taskDocument(flags, signal, noise),
    output: {
      gfactor: flags.gfactor === true,
      coilsensitivity: flags.coilsens === true,
      matlab: flags.matlab === true,
    },
  };
  const answer = await dataOf(client.POST('/api/task/estimate', { body }));
  if (answer.refusal) throw new CommandFailed(`the worker would refuse this: ${answer.refusal}`);
  for (const warning of answer.warnings) cli.io.err(`warning  ${warning}`);
  const told = estimateLine(answer);
  if (!cli.json() && !flags.estimateOnly) cli.io.out(told);
  return { estimate: answer, body, told };
}

function estimateLine({ estimate, paidBy }: Estimate): string {
  const { seconds, usd: price, platform } = estimate;
  const range = `${duration(seconds.low)} to ${duration(seconds.high)}`;
  const payer = paidBy === 'platform' ? 'the platform' : 'the owner of the unit';
  return `Estimate about ${duration(seconds.likely)} on ${platform} (${range}), about ${usd(price.likely)} paid by ${payer}`;
}

/** Submits under a key that is stored first: asked again after a Ctrl-C it gives the same job. */
async function submit(
  client: BrokerClient,
  file: string,
  flags: RunFlags,
  pending: Pending,
  state: StateFile<Pending>,
  body: Awaited<ReturnType<typeof estimated>>['body'],
): Promise<string> {
  pending.idempotencyKey ??= randomBytes(16).toString('hex');
  await state.write(pending);
  const { jobId } = await dataOf(
    client.POST('/api/task/queue', {
      body: {
        ...body,
        alias: flags.name ?? basename(file),
        ...(flags.maxCost === undefined ? {} : { max_usd: flags.maxCost }),
      },
      params: { header: { 'idempotency-key': pending.idempotencyKey } },
    }),
  );
  pending.jobId = jobId;
  await state.write(pending);
  return jobId;
}

/** One file, with a bar. */
async function upload(
  cli: Cli,
  client: BrokerClient,
  path: string,
  role: 'signal' | 'noise',
  pending: Pending,
  state: StateFile<Pending>,
) {
  const bar = createBar({ terminal: cli.io.terminal && !cli.json() });
  const { signal } = cli;
  let progress = '';
  try {
    const { location } = await uploadFile({
      client,
      path,
      unitId: pending.unitId,
      earlier: pending.uploads[role],
      async save(next) {
        pending.uploads[role] = next;
        await state.write(pending);
      },
      onProgress(sent, size) {
        progress = `${bytes(sent)} of ${bytes(size)}`;
        bar.show(sent / size, `sending ${basename(path)}  ${progress}`);
      },
      signal,
    });
    if (!location) throw new CommandFailed(`${path} was not completed`);
    return { filename: basename(path), ...location };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Interrupted(
      `Stopped with ${progress || 'nothing'} of ${basename(path)} sent, and no job was started. The same command goes on there.`,
    );
  } finally {
    bar.stop();
  }
}

/** How a command ends whose job did not succeed. */
export function failed(job: JobView): CommandFailed {
  const [message, ...remedy] = failureLines(job);
  return new CommandFailed(message, remedy.join('\n') || undefined);
}
