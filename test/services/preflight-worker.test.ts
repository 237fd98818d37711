/** What the worker of a test job says of its image, against the images that are released. */
import t from 'tap';
import { workerChecks } from '../../services/preflight/worker.ts';
import { loadConfig } from '../../src/config.ts';
import { readRelease } from '../../src/release.ts';
import { RELEASED_WORKER } from '../../src/run-estimator.ts';

const LAMBDA = `sha256:${'1'.repeat(64)}`;
const FARGATE = `sha256:${'2'.repeat(64)}`;
const said = {
  version: RELEASED_WORKER.version,
  platform: 'lambda' as const,
  cpus: 2,
  memoryMb: 3008,
  limitSeconds: 900,
};
const told = loadConfig({ WORKER_DIGESTS: `${LAMBDA},${FARGATE}` }).workerDigests;
const digestCheck = (digests: readonly string[], imageDigest?: string) =>
  workerChecks({ ...said, imageDigest }, readRelease(digests).worker, 1).find(
    ({ code }) => code === 'image_digest',
  );

t.test('the digest of the image is one of the release, or it is not', async (t) => {
  for (const digest of [LAMBDA, FARGATE]) {
    t.match(digestCheck(told, digest), {
      status: 'passed',
      evidence: `the worker runs ${digest}, as released`,
    });
  }
  const other = `sha256:${'3'.repeat(64)}`;
  t.match(digestCheck(told, other), {
    status: 'warning',
    actor: 'unit_owner',
    remedy: /ImageRefresh/,
    evidence: `the worker runs ${other}, which is no image of this release`,
  });
});

t.test('where it cannot be known, that is said, and nobody has to act', async (t) => {
  t.match(digestCheck(told), { status: 'skipped', actor: undefined, evidence: /is not told its image/ });
  t.match(digestCheck([], LAMBDA), {
    status: 'skipped',
    evidence: `the worker runs ${LAMBDA}; the broker is not told which images are released`,
  });
  const silent = workerChecks(undefined, readRelease(told).worker, 1);
  t.same(
    silent.map(({ code, status }) => `${code} ${status}`),
    ['quotas skipped', 'image warning', 'image_digest skipped'],
  );
});
