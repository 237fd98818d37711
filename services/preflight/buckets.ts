/** Whether the buckets of a unit are there, belong to its account, and are neither too open nor too closed. */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type Ids, type UnitCloud } from '../ports.ts';
import type { FetchedUrl, UnitProbe } from '../units/ports.ts';
import { failed, passed, skipped, warning } from './catalogue.ts';
import { PREFLIGHT_OWNER } from './owner.ts';
import { isAway } from './trust.ts';

export interface BucketChecksDeps {
  probe: UnitProbe;
  cloud: Pick<UnitCloud, 'presignGet'>;
  clock: Clock;
  ids: Ids;
  /** Addresses of web interfaces, as configured. */
  origins: readonly string[];
}

const LINK_SECONDS = 60;
const WARNING_SKEW_MS = 60_000;
const FAILED_SKEW_MS = 5 * 60_000;
const PROBE = new TextEncoder().encode('CloudMR preflight\n');

/** What a presigned URL has answered to a page, or to nobody's page where none is configured. */
interface PageRead {
  readonly bucket: string;
  readonly page: string | undefined;
  readonly answer: FetchedUrl;
}

/** Creates the checks of buckets. @throws (the checks) CloudError if AWS does not answer. */
export function createBucketChecks({ probe, cloud, clock, ids, origins }: BucketChecksDeps) {
  const pages = origins.length > 0 ? origins : [undefined];

  /** Put, head, get by session and by presigned URL for each page, delete. */
  async function roundTrip(unit: Unit, code: string, bucket: string): Promise<PageRead[]> {
    // One bucket may have all three uses, and two brokers may look at once: every trip has its own object.
    const name = `probe-${unit.unitId}-${code}-${ids.next()}`;
    const location = { bucket, key: `${unit.appId}/${PREFLIGHT_OWNER}/${name}` };
    await probe.put(unit, location, PROBE);
    await probe.readBack(unit, location);
    const { url } = await cloud.presignGet(unit, location, 'probe.txt', LINK_SECONDS);
    const fetched = await Promise.all(
      pages.map(async (page) => ({ bucket, page, answer: await probe.fetchUrl(url, page) })),
    );
    await probe.remove(unit, location);
    return fetched;
  }

  async function checkBucket(
    unit: Unit,
    code: 'data_bucket' | 'results_bucket' | 'failed_bucket',
    bucket: string,
  ): Promise<{ found: UnitCheck; fetched: PageRead[] }> {
    const at = clock();
    try {
      const fetched = await roundTrip(unit, code, bucket);
      return { found: passed(code, `${bucket} can be written, read and deleted in`, at), fetched };
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      const why =
        error.problem === 'denied'
          ? `is not allowed in ${bucket}, or the bucket is not of account ${unit.awsAccountId}`
          : `fails in ${bucket}: ${error.awsCode}`;
      const evidence = `${error.operation} ${why}`;
      return {
        found: failed(code, evidence, at, { policy: objectPolicy(unit, bucket) }),
        fetched: [],
      };
    }
  }

  function checkLinks(fetched: PageRead[], at: number): UnitCheck[] {
    const bad = fetched.find(({ answer }) => answer.status !== 200);
    if (bad) return [failed('presigned_get', `a presigned URL answers HTTP ${bad.answer.status}`, at)];
    const closed = fetched
      .filter(({ page, answer }) => page !== undefined && !['*', page].includes(answer.allowOrigin ?? ''))
      .map(({ page, bucket }) => `the CORS rules of ${bucket} do not let ${page} read`);
    if (closed.length > 0) return [failed('presigned_get', [...new Set(closed)].join('; '), at)];
    const from = origins.length > 0 ? ` from pages of ${origins.join(', ')}` : '';
    return [passed('presigned_get', `presigned URLs work${from}`, at)];
  }

  function checkClock(fetched: PageRead[], at: number): UnitCheck[] {
    const [date] = fetched.flatMap(({ answer }) => answer.date ?? []);
    if (date === undefined) return [skipped('clock', 'S3 did not say its time', at)];
    const skew = Math.abs(clock() - date);
    const evidence = `the clock of the broker is ${Math.round(skew / 1_000)} s from that of S3`;
    if (skew > FAILED_SKEW_MS) return [failed('clock', evidence, at)];
    return [(skew > WARNING_SKEW_MS ? warning : passed)('clock', evidence, at)];
  }

  async function checkOutside(unit: Unit, buckets: string[]): Promise<UnitCheck[]> {
    const at = clock();
    if (unit.mode === 'mode_1') return [skipped('outside_prefix', "the platform's own buckets", at)];
    const open: string[] = [];
    for (const bucket of buckets) if (await probe.reachesOutside(unit, bucket)) open.push(bucket);
    return open.length === 0
      ? [passed('outside_prefix', `outside of ${unit.appId}/ the role refuses`, at)]
      : [failed('outside_prefix', `the role also reads outside of ${unit.appId}/ in ${open.join(', ')}`, at)];
  }

  async function checkSettings(unit: Unit, buckets: string[]): Promise<UnitCheck[]> {
    const at = clock();
    const bad: string[] = [];
    let unseen = 0;
    for (const bucket of buckets) {
      const settings = await probe.settings(unit, bucket);
      const { publicAccessBlocked, encrypted, tlsOnly } = settings;
      if (publicAccessBlocked === false) bad.push(`${bucket} does not block public access`);
      if (encrypted === false) bad.push(`${bucket} is not encrypted`);
      if (tlsOnly === false) bad.push(`${bucket} takes requests without TLS`);
      if (Object.values(settings).includes(undefined)) unseen++;
    }
    if (bad.length > 0) return [warning('bucket_settings', bad.join('; '), at)];
    return unseen > 0
      ? [skipped('bucket_settings', 'the role does not let the broker read all settings of the buckets', at)]
      : [passed('bucket_settings', 'no public access, encrypted, TLS only', at)];
  }

  async function checkPrivileges(unit: Unit): Promise<UnitCheck[]> {
    const at = clock();
    if (unit.mode === 'mode_1') return [skipped('privileges', "the platform's own account", at)];
    return (await probe.seesAllBuckets(unit))
      ? [warning('privileges', 'the role may list all buckets of the account', at)]
      : [passed('privileges', 'the role may not list the buckets of the account', at)];
  }

  return async function checkBuckets(unit: Unit): Promise<UnitCheck[]> {
    const buckets = [...new Set([unit.dataBucket, unit.resultsBucket, unit.failedBucket])];
    const trips = await Promise.all([
      checkBucket(unit, 'data_bucket', unit.dataBucket),
      checkBucket(unit, 'results_bucket', unit.resultsBucket),
      checkBucket(unit, 'failed_bucket', unit.failedBucket),
    ]);
    const found = trips.map((trip) => trip.found);
    const fetched = trips.flatMap((trip) => trip.fetched);
    const links =
      fetched.length > 0 ? [...checkLinks(fetched, clock()), ...checkClock(fetched, clock())] : [];
    const rest = await Promise.all([
      checkOutside(unit, buckets),
      checkSettings(unit, buckets),
      checkPrivileges(unit),
    ]);
    return [...found, ...links, ...rest.flat()];
  };
}

/** What the role's policy must allow in a bucket. */
function objectPolicy(unit: Unit, bucket: string): object {
  const partition = unit.stateMachineArn.split(':')[1];
  return {
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
    Resource: `arn:${partition}:s3:::${bucket}/${unit.appId}/*`,
  };
}
