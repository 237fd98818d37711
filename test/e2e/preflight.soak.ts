/** The test job of a preflight, through the whole system: run, report, download, SNR and cancel are proven. */
import { setTimeout as pause } from 'node:timers/promises';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode1Names } from '../../infra/local/stacks/hub.ts';
import { mode2Names } from '../../infra/local/stacks/mode2.ts';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';

interface Report {
  status: string;
  testJob: string;
  whoMustAct: string[];
  checks: { code: string; status: string; evidence: string; remedy?: string }[];
}

const CANARY = [
  ...['canary_run', 'canary_callback', 'canary_download', 'canary_snr', 'canary_cancel'],
  ...['quotas', 'image'],
];

/** Keys that a preflight has left in the buckets of an account. */
async function leftBehind(laptop: Laptop, accountId: string, buckets: string[]): Promise<string[]> {
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const s3 = new S3Client({
    endpoint: laptop.endpoint,
    region: LOCAL_REGION,
    forcePathStyle: true,
    credentials: keys.rootCredentials(accountId),
  });
  const found: string[] = [];
  for (const Bucket of buckets) {
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'mroptimum/preflight/' }),
    );
    found.push(...Contents.map(({ Key }) => `${Bucket}/${Key}`));
  }
  s3.destroy();
  return found;
}

t.test('a phantom of known SNR runs in each account', async (t) => {
  const laptop = await startLaptop(t);
  const cases = [
    {
      api: laptop.admin,
      unit: laptop.units.mode_1,
      buckets: mode1Names(HUB_ACCOUNT, LOCAL_REGION).buckets,
    },
    {
      api: laptop.researcher,
      unit: laptop.units.mode_2,
      buckets: mode2Names('mroptimum-mode2', RESEARCHER_ACCOUNT, LOCAL_REGION).buckets,
    },
  ];
  const show = async ({ api, unit, buckets }: (typeof cases)[number]): Promise<void> => {
    const path = `/api/computing-unit/${unit.computingUnitId}/preflight`;
    const begun = await api.call<Report>('POST', path);
    t.match(begun, { status: 'ready', testJob: 'under way' }, `${unit.mode}: ${JSON.stringify(begun)}`);
    const limit = performance.now() + 60_000;
    let report = begun;
    while (report.testJob === 'under way' && performance.now() < limit) {
      await pause(300);
      report = await api.call<Report>('GET', path);
    }
    t.match(report, { status: 'ready', testJob: 'none', whoMustAct: [] }, unit.mode);
    for (const code of CANARY) {
      const check = report.checks.find((found) => found.code === code);
      t.equal(check?.status, 'passed', `${unit.mode}: ${JSON.stringify(check ?? code)}`);
    }
    t.match(
      report.checks.find(({ code }) => code === 'canary_snr')?.evidence,
      /^median SNR 61\.16, 61\.16 is right$/,
    );
    const evidenceOf = (wanted: string) => report.checks.find(({ code }) => code === wanted)?.evidence;
    t.equal(evidenceOf('quotas'), 'the function has 3008 MiB and 900 s, as jobs count on', unit.mode);
    t.match(evidenceOf('image'), /^the worker is \d+\.\d+\.\d+, as released$/, unit.mode);
    // What was found is stored first; what the test job left goes a moment later.
    const emptied = performance.now() + 15_000;
    let left = await leftBehind(laptop, unit.account, Object.values(buckets));
    while (left.length > 0 && performance.now() < emptied) {
      await pause(300);
      left = await leftBehind(laptop, unit.account, Object.values(buckets));
    }
    t.same(left, [], 'nothing is left behind');
    const { jobs } = await api.call<{ jobs: unknown[] }>('GET', '/api/job');
    t.same(jobs, [], 'and it is no job of a person');
  };
  await Promise.all(cases.map(show));
});
