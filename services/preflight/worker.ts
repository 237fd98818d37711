/**
 * What the worker of the test job says of itself: which release it is, and what its platform gave it. The role
 * may not read functions, and the run itself knows better than any description of it.
 */
import type { WorkerFacts } from '../../src/schemas/execution.ts';
import type { UnitCheck } from '../../src/schemas/unit.ts';
import { passed, skipped, warning } from './catalogue.ts';

/** The worker of this release, and the limits of its function that jobs are sent there by. */
export interface ReleasedWorker {
  readonly version: string;
  readonly lambda: { readonly memoryMb: number; readonly seconds: number };
  /** vCPUs of the smallest and of the largest task that jobs are sent to. */
  readonly fargate: { readonly leastVcpus: number; readonly mostVcpus: number };
  /** Of its signed images; empty where the broker was not told. */
  readonly imageDigests: readonly string[];
}

/** What the run has left of its time limit when it looks: it has begun a moment before. */
const BEGUN_SECONDS = 15;

/** The checks `quotas`, `image` and `image_digest`, from what the worker said; older ones say nothing. */
export function workerChecks(
  said: WorkerFacts | undefined,
  released: ReleasedWorker,
  at: number,
): UnitCheck[] {
  if (!said) {
    return [
      skipped('quotas', 'the worker of the test job does not say what it was given', at),
      warning('image', `the worker does not say its version; ${released.version} is released`, at),
      skipped('image_digest', 'the worker does not say its image', at),
    ];
  }
  return [
    limitsCheck(said, released.lambda, at),
    versionCheck(said, released, at),
    digestCheck(said, released, at),
  ];
}

/** The same where no test job has ended well. */
export function unseenWorker(why: string, at: number): UnitCheck[] {
  return [skipped('quotas', why, at), skipped('image', why, at), skipped('image_digest', why, at)];
}

function versionCheck({ version }: WorkerFacts, released: ReleasedWorker, at: number): UnitCheck {
  return version === released.version
    ? passed('image', `the worker is ${version}, as released`, at)
    : warning('image', `the worker is ${version}, but ${released.version} is released`, at);
}

/** A version is what a worker says of itself; the digest is which bytes its account has been told to run. */
function digestCheck(
  { imageDigest, platform }: WorkerFacts,
  { imageDigests }: ReleasedWorker,
  at: number,
): UnitCheck {
  if (imageDigest === undefined) {
    const why = `the worker on ${platform} is not told its image by digest, or is of an older stack`;
    return skipped('image_digest', why, at);
  }
  if (imageDigests.length === 0) {
    const why = `the worker runs ${imageDigest}; the broker is not told which images are released`;
    return skipped('image_digest', why, at);
  }
  return imageDigests.includes(imageDigest)
    ? passed('image_digest', `the worker runs ${imageDigest}, as released`, at)
    : warning('image_digest', `the worker runs ${imageDigest}, which is no image of this release`, at);
}

function limitsCheck(said: WorkerFacts, wanted: ReleasedWorker['lambda'], at: number): UnitCheck {
  const { platform, cpus, memoryMb, limitSeconds } = said;
  if (platform !== 'lambda') {
    const why = `the test job, small enough for Lambda, ended on Fargate (${cpus} CPUs, ${memoryMb} MiB)`;
    return warning('quotas', `${why}: its function stopped it by a limit`, at);
  }
  const low: string[] = [];
  if (memoryMb < wanted.memoryMb) {
    low.push(
      `the function has ${memoryMb} MiB, jobs count on ${wanted.memoryMb} (Lambda quota "Function memory allocation")`,
    );
  }
  if (limitSeconds !== undefined && limitSeconds + BEGUN_SECONDS < wanted.seconds) {
    low.push(
      `the function ends after ${limitSeconds} s, jobs count on ${wanted.seconds} (Lambda quota "Function timeout")`,
    );
  }
  const time = limitSeconds === undefined ? 'an unknown time' : `${limitSeconds} s`;
  return low.length > 0
    ? warning('quotas', low.join('; '), at)
    : passed('quotas', `the function has ${memoryMb} MiB and ${time}, as jobs count on`, at);
}
