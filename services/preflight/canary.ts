/**
 * The test job of a preflight: a phantom whose SNR is known goes through the unit as any job does. It shows
 * that the worker runs, reports, leaves a result that can be downloaded, and computes the right numbers; a
 * second execution shows that running ones can be stopped.
 */
import { AppError } from '../../src/errors.ts';
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { CanaryRun, Unit, UnitCheck } from '../../src/schemas/unit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import { attemptNames } from '../jobs/attempts.ts';
import { isTerminal } from '../jobs/lifecycle.ts';
import { attemptObjects, executionArn, executionName, jobLocations, ownerPrefix } from '../jobs/naming.ts';
import { resultFiles } from '../jobs/results.ts';
import { type Clock, CloudError, type Ids, type JobStore, type UnitCloud } from '../ports.ts';
import type { UnitProbe } from '../units/ports.ts';
import { failed, passed, skipped, warning } from './catalogue.ts';
import { PREFLIGHT_OWNER } from './owner.ts';
import { isAway } from './trust.ts';
import { type ReleasedWorker, unseenWorker, workerChecks } from './worker.ts';

/** What is measured, and what this release finds in it. */
export interface Phantom {
  content: () => Promise<Uint8Array>;
  filename: string;
  medianSnr: number;
}

export interface CanaryDeps {
  jobs: JobStore;
  cloud: UnitCloud;
  probe: UnitProbe;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
  ids: Ids;
  tokenSecret: string;
  phantom: Phantom;
  worker: ReleasedWorker;
}

export interface Canary {
  /** Stops an execution, then starts the test job. What was found of stopping, and the run to look at later. */
  begin(unit: Unit): Promise<{ found: UnitCheck[]; run: CanaryRun | undefined }>;
  /** What the run has shown; undefined while it is under way. Everything stays, until `clear`. */
  look(unit: Unit, run: CanaryRun): Promise<UnitCheck[] | undefined>;
  /** Ends the run, and deletes its job and whatever it has left. May be repeated. */
  clear(unit: Unit, run: Pick<CanaryRun, 'jobId'>): Promise<void>;
}

/** An execution that was told to stop; `stopping`: its ARN, if it was still running a moment later. */
interface Stopped {
  found: UnitCheck[];
  stopping?: string;
}

const UNSEEN = 'the test job has not ended well, so its worker says nothing';
const UNREPORTED =
  'the worker has not reported to the broker; jobs end all the same, because Step Functions is asked, but they are seen later';

/** A small job that has not ended after this will not. */
const LIMIT_MS = 15 * 60_000;
/** Rounds of removing a job that others move. */
const MAX_ROUNDS = 5;
const TOLERANCE = 0.01;
const LINK_SECONDS = 60;
const OUTPUT = { coilsensitivity: false, gfactor: false, matlab: false };

/** Creates the test jobs. @throws (its methods) CloudError if AWS does not answer. */
export function createCanary(deps: CanaryDeps): Canary {
  const { jobs, cloud, probe, ticker, clock, ids, tokenSecret, phantom } = deps;

  /** An execution is started and stopped; it reports to nobody. A run that cannot be stopped costs money. */
  async function stopOne(unit: Unit): Promise<Stopped> {
    const at = clock();
    const jobId = `cancel-${ids.next()}`;
    const { document, result, failureBundle } = jobLocations(unit, PREFLIGHT_OWNER, jobId, 0);
    try {
      await cloud.putJobDocument(unit, document, {
        ...documentOf(unit, jobId, await signalOf(unit, jobId)),
        result,
        failure: failureBundle,
      });
      try {
        const input = { jobId, attempt: 0, bucket: document.bucket, key: document.key };
        const arn = await cloud.startExecution(unit, executionName(jobId, 0), input);
        await cloud.stopExecution(unit, arn, 'the test of a preflight');
        const { status } = await cloud.describeExecution(unit, arn);
        // What Step Functions tells may be some seconds old: looked at again after the test job.
        return status === 'RUNNING' ? { found: [], stopping: arn } : { found: [stoppedAs(status, at)] };
      } finally {
        // A run that could not be stopped ends at once without its document.
        await probe.remove(unit, document);
      }
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      return { found: [unstoppable(unit, error, at)] };
    }
  }

  async function lookAtStopped(unit: Unit, { stopping }: CanaryRun): Promise<UnitCheck[]> {
    if (stopping === undefined) return [];
    const { status } = await cloud.describeExecution(unit, stopping);
    return [stoppedAs(status, clock())];
  }

  /** Each run has a phantom of its own: units may share a bucket, and one run must not take it from another. */
  function phantomOf(unit: Unit, jobId: string): ObjectLocation {
    const prefix = `${ownerPrefix(unit.appId, PREFLIGHT_OWNER)}${unit.unitId}/${jobId}/`;
    return { bucket: unit.dataBucket, key: `${prefix}${phantom.filename}` };
  }

  async function signalOf(unit: Unit, jobId: string): Promise<Job['inputs']> {
    const sizeBytes = (await phantom.content()).length;
    return { signal: { ...phantomOf(unit, jobId), filename: phantom.filename, sizeBytes } };
  }

  function documentOf(unit: Unit, jobId: string, inputs: Job['inputs']) {
    const { appId, mode } = unit;
    const common = { jobId, attempt: 0, userId: PREFLIGHT_OWNER, appId, alias: 'Preflight', mode };
    return { schema: 'cloudmr/job/1' as const, ...common, task: taskOf(inputs), output: OUTPUT, inputs };
  }

  async function startJob(unit: Unit, stopping: string | undefined): Promise<CanaryRun> {
    const now = clock();
    const jobId = ids.next();
    const inputs = await signalOf(unit, jobId);
    await probe.put(unit, inputs['signal'], await phantom.content());
    const job: Job = {
      jobId,
      ownerId: PREFLIGHT_OWNER,
      appId: unit.appId,
      unitId: unit.unitId,
      mode: unit.mode,
      alias: 'Preflight',
      state: 'queued',
      version: 1,
      attempt: 0,
      tries: 0,
      createdAt: now,
      updatedAt: now,
      dueAt: now,
      task: taskOf(inputs),
      output: OUTPUT,
      inputs,
      ...attemptNames(unit, { jobId, ownerId: PREFLIGHT_OWNER, attempt: 0 }, tokenSecret, now),
      history: [{ state: 'queued', at: now, by: 'broker' }],
    };
    await jobs.create(job);
    ticker.nudge(jobId);
    return { jobId, startedAt: now, stopping };
  }

  /** Deletes the job whatever moves it meanwhile; as it was then, or undefined if there is none. */
  async function removeJob(jobId: string): Promise<Job | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const job = await jobs.get(jobId);
      if (!job || (await jobs.remove(job))) return job;
    }
    throw new AppError('conflict', `the test job ${jobId} is being moved by too many at once`);
  }

  async function stopIfThere(unit: Unit, job: Job): Promise<void> {
    try {
      const arn = job.executionArn ?? executionArn(unit.stateMachineArn, job.executionName);
      await cloud.stopExecution(unit, arn, 'a preflight that is over');
    } catch (error) {
      if (!(error instanceof CloudError) || error.problem !== 'not_found') throw error;
    }
  }

  async function findings(unit: Unit, job: Job): Promise<UnitCheck[]> {
    const at = clock();
    const result = job.runResult;
    if (job.state !== 'succeeded' || !result) {
      const why = job.failure ? `${job.failure.code}: ${job.failure.message}` : 'no result';
      return [failed('canary_run', `the test job ${job.state}: ${why}`, at), ...unseenWorker(UNSEEN, at)];
    }
    const reported = job.progress !== undefined;
    const { medianSnr } = result.summary;
    const off = medianSnr === null ? Number.POSITIVE_INFINITY : Math.abs(medianSnr / phantom.medianSnr - 1);
    const snr = `median SNR ${medianSnr?.toFixed(2) ?? 'unknown'}, ${phantom.medianSnr.toFixed(2)} is right`;
    return [
      passed('canary_run', `ran on ${job.platform ?? 'an unknown platform'} in ${result.seconds} s`, at),
      reported
        ? passed('canary_callback', 'the worker has reported to the broker', at)
        : // Nothing is lost by it, so jobs may go on.
          warning('canary_callback', UNREPORTED, at),
      (off <= TOLERANCE ? passed : failed)('canary_snr', snr, at),
      await downloaded(unit, job, result.sizeBytes),
      ...workerChecks(result.worker, deps.worker, at),
    ];
  }

  async function downloaded(unit: Unit, job: Job, expected: number): Promise<UnitCheck> {
    const at = clock();
    const { url } = await cloud.presignGet(unit, job.result, 'preflight.zip', LINK_SECONDS);
    const { status, sizeBytes } = await probe.fetchUrl(url, undefined);
    if (status === 200 && sizeBytes === expected) {
      return passed('canary_download', `the result was downloaded, ${sizeBytes} bytes`, at);
    }
    return failed('canary_download', `the download answers HTTP ${status} with ${sizeBytes} bytes`, at);
  }

  return {
    async begin(unit) {
      const { found, stopping } = await stopOne(unit);
      try {
        return { found, run: await startJob(unit, stopping) };
      } catch (error) {
        if (!(error instanceof CloudError) || isAway(error)) throw error;
        const why = `the phantom cannot be uploaded: ${error.awsCode}`;
        return { found: [...found, failed('canary_run', why, clock())], run: undefined };
      }
    },

    async look(unit, run) {
      const job = await jobs.get(run.jobId);
      // Somebody has deleted it: nothing is known, and it is tried again.
      if (!job) return [skipped('canary_run', 'the test job is gone, unread', clock())];
      if (!isTerminal(job.state)) {
        if (clock() - run.startedAt < LIMIT_MS) return undefined;
        return [
          failed('canary_run', `the test job is still ${job.state} after 15 minutes`, clock()),
          ...unseenWorker(UNSEEN, clock()),
          ...(await lookAtStopped(unit, run)),
        ];
      }
      return [...(await findings(unit, job)), ...(await lookAtStopped(unit, run))];
    },

    async clear(unit, { jobId }) {
      // The job first, so that from here on no broker starts it.
      const job = await removeJob(jobId);
      try {
        if (job && !isTerminal(job.state)) await stopIfThere(unit, job);
      } finally {
        const locations = jobLocations(unit, PREFLIGHT_OWNER, jobId, 0);
        const maps = await resultFiles(cloud, unit, locations.result);
        const left = [...maps, ...attemptObjects(locations)];
        for (const location of [...left, phantomOf(unit, jobId)]) await probe.remove(unit, location);
      }
    },
  };
}

/** Everything but the stop itself is judged by the checks of the machine, of the buckets, and of the test job. */
function unstoppable(unit: Unit, { operation, awsCode }: CloudError, at: number): UnitCheck {
  const why = `${operation}: ${awsCode}`;
  return operation === 'StopExecution'
    ? failed('canary_cancel', `no execution can be stopped, whatever its run costs (${why})`, at, {
        policy: statesPolicy(unit),
      })
    : warning('canary_cancel', `stopping could not be tried (${why})`, at, { policy: statesPolicy(unit) });
}

function stoppedAs(status: string, at: number): UnitCheck {
  if (status === 'ABORTED') return passed('canary_cancel', 'a running execution was stopped', at);
  if (status === 'RUNNING') return failed('canary_cancel', 'an execution runs on after it was stopped', at);
  return skipped('canary_cancel', `the execution had ${status.toLowerCase()} before it could be stopped`, at);
}

/** An analytic RSS task over the phantom, which carries its noise. */
function taskOf(inputs: Job['inputs']): Record<string, unknown> {
  const { bucket, key, filename } = inputs['signal'];
  const signal = { type: 'file', options: { type: 's3', filename, bucket, key, multiraid: false } };
  return {
    version: 'v0',
    acquisition: 2,
    type: 'snr',
    id: 0,
    name: 'ac',
    files: ['signal'],
    options: { reconstructor: { type: 'recon', name: 'rss', id: 0, options: { signal } } },
  };
}

function statesPolicy(unit: Unit): object {
  const executions = `${unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:*`;
  return {
    Effect: 'Allow',
    Action: [
      'states:StartExecution',
      'states:ListExecutions',
      'states:DescribeExecution',
      'states:StopExecution',
    ],
    Resource: [unit.stateMachineArn, executions],
  };
}
