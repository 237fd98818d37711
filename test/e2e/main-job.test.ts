/** The main job on real scans, through broker, state machine, worker and presigned download, in each mode. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import type { JobAnswer } from '../../infra/local/demo/api.ts';
import { readNifti } from '../../infra/local/demo/results.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode1Names } from '../../infra/local/stacks/hub.ts';
import { mode2Names } from '../../infra/local/stacks/mode2.ts';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';

const RAW = join(import.meta.dirname, '../fixtures/raw');
const ORACLE = join(import.meta.dirname, '../fixtures/oracle');

/** Oracle arrays are (f, p) in C order; NIfTI volumes have f fastest. */
function oracle(name: string, nf: number, np: number): Float32Array {
  const raw = readFileSync(join(ORACLE, name));
  const out = new Float32Array(nf * np);
  for (let f = 0; f < nf; f++)
    for (let p = 0; p < np; p++) out[p * nf + f] = raw.readFloatLE(4 * (f * np + p));
  return out;
}

/** Largest relative deviation where the reference exceeds 1 % of its maximum. */
function worst(map: Float32Array, reference: Float32Array): number {
  const floor = 0.01 * reference.reduce((a, b) => Math.max(a, b), 0);
  let largest = 0;
  for (let i = 0; i < map.length; i++) {
    if (reference[i] > floor) largest = Math.max(largest, Math.abs(map[i] / reference[i] - 1));
  }
  return largest;
}

t.test('the main job', async (t) => {
  const laptop = await startLaptop(t);

  for (const mode of ['mode_1', 'mode_2'] as const) {
    t.test(`R59, R60: brain scan in ${mode}: SNR equals the oracle, plain and bias-corrected`, async (t) => {
      const brain = { signal: join(RAW, 'brain16.h5') };
      const plain = await laptop.submit(mode, brain);
      const corrected = await laptop.submit(mode, brain, { biasCorrection: true });
      for (const [jobId, name] of [
        [plain, 'brain16/ac_rss_oracle.f32'],
        [corrected, 'brain16/ac_rss_biascorr_oracle.f32'],
      ]) {
        const job = await laptop.ended(jobId);
        t.equal(job.state, 'succeeded', job.failure?.message ?? '');
        const folder = await laptop.fetch(jobId);
        const map = readNifti(join(folder, 'data/SNR.nii.gz'));
        t.same(map.shape, [96, 96, 1]);
        // Float32 pipelines against a float64 oracle: 1e-4 is the bar, 1e-6 is what rounding leaves.
        t.ok(
          worst(map.data, oracle(name, 96, 96)) < 1e-4,
          `${name}: ${worst(map.data, oracle(name, 96, 96))}`,
        );
      }
    });
  }

  t.test('a Siemens scan with its separate noise scan, and a MultiRAID file alone, both run', async (t) => {
    const separate = await laptop.submit('mode_2', {
      signal: join(RAW, 'gre.dat'),
      noise: join(RAW, 'noise.dat'),
    });
    const multi = await laptop.submit('mode_1', { signal: join(RAW, 'multi.dat') });
    for (const jobId of [separate, multi]) {
      const job = await laptop.ended(jobId);
      t.equal(job.state, 'succeeded', job.failure?.message ?? '');
      const folder = await laptop.fetch(jobId);
      t.ok(readdirSync(join(folder, 'data')).includes('SNR.nii.gz'));
      t.same(readNifti(join(folder, 'data/SNR.nii.gz')).shape.slice(0, 2), [160, 160]);
    }
  });

  t.test('an echo-planar scan fails with unsupported_sequence, a remedy and a failure bundle', async (t) => {
    const jobId = await laptop.submit('mode_2', {
      signal: join(RAW, 'epi.dat'),
      noise: join(RAW, 'noise.dat'),
    });
    const job = await laptop.ended(jobId);
    t.equal(job.state, 'failed');
    t.equal(job.failure?.code, 'unsupported_sequence');
    t.equal(job.failure?.actor, 'user');
    t.match(job.failure?.remedy, /Cartesian/);
    const folder = await laptop.fetch(jobId);
    const info = readdirSync(folder);
    t.ok(info.includes('info.json') || info.includes('error.json'), `bundle holds ${info}`);
  });

  t.test(
    'R56, R60: what belongs to Mode 2 lies in the account of the researcher, and nowhere else',
    async (t) => {
      const hub = await keysIn(laptop, HUB_ACCOUNT, mode1Names(HUB_ACCOUNT, LOCAL_REGION).buckets);
      const names = mode2Names('mroptimum-mode2', RESEARCHER_ACCOUNT, LOCAL_REGION);
      const own = await keysIn(laptop, RESEARCHER_ACCOUNT, names.buckets);
      const { jobs } = await laptop.researcher.call<{ jobs: JobAnswer[] }>('GET', '/api/job');
      for (const { jobId, mode, state } of jobs) {
        const [there, elsewhere] = mode === 'mode_2' ? [own, hub] : [hub, own];
        const outcome = state === 'succeeded' ? 'result.zip' : 'failure.zip';
        for (const file of ['job.json', outcome]) {
          t.ok(
            there.some((key) => key.endsWith(`/${jobId}/0/${file}`)),
            `${mode} ${file}`,
          );
        }
        t.notOk(elsewhere.some((key) => key.includes(jobId)));
      }
      t.same(new Set(jobs.map(({ mode }) => mode)), new Set(['mode_1', 'mode_2']));
      // The brain scan twice, and two Siemens scans with their noise.
      t.equal(own.filter((key) => key.includes('/uploads/')).length, 6);
    },
  );
});

/** All keys in the buckets of a unit, asked of S3 as the account's root. */
async function keysIn(laptop: Laptop, accountId: string, buckets: Record<string, string>): Promise<string[]> {
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const s3 = new S3Client({
    endpoint: laptop.endpoint,
    region: LOCAL_REGION,
    forcePathStyle: true,
    credentials: keys.rootCredentials(accountId),
  });
  const found: string[] = [];
  for (const Bucket of Object.values(buckets)) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    found.push(...Contents.map(({ Key = '' }) => Key));
  }
  s3.destroy();
  return found;
}
