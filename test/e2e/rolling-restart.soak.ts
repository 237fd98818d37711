/**
 * A rolling restart under load: every broker process is replaced, twice, while people submit without pause. Every
 * submit is answered, every accepted job is executed once and ends, and every process ends in order.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { allRuns, endedOnce, startedTwice, storedJobs } from '../../bench/drill/count.ts';
import { type BenchPlace, openPlace, type Place } from '../../bench/drill/place.ts';
import { submissionOf } from '../../bench/drill/submission.ts';
import { type BrokerProcess, startBroker } from '../../infra/local/demo/broker-process.ts';
import { openSecureDoor } from '../helpers/secure-door.ts';
import {
  createSubmitClient,
  type Exchange,
  type SubmitClient,
  untilClosed,
} from '../helpers/submit-client.ts';

const JOBS = 60;
const ROUNDS = 2;
const BROKERS = 2;
const LANES = 4;
const SETTLE_MS = 30_000;

interface Replaced {
  readonly url: string;
  readonly signaledAt: number;
  /** Submits it had and had not answered. */
  readonly underWay: number;
  readonly code: unknown;
  readonly ms: number;
  /** Of a submit whose body was half there at the signal. */
  readonly half: Exchange;
  readonly streamEnd: string;
}

t.test('a rolling restart loses no request and no job', { timeout: 300_000 }, async (t) => {
  const current: BrokerProcess[] = [];
  let calls = 0;
  // As a load balancer: it sends nothing new to a broker that is about to go.
  const door = await openSecureDoor(() => current[calls++ % current.length].url);
  t.teardown(() => door.close());
  const place = await openPlace({
    lostCallbacks: 0,
    workerEnvironment: { NODE_EXTRA_CA_CERTS: door.authority },
  });
  t.teardown(() => place.close());
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-rolling-'));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
  const authorization = await place.authorization();
  const client = createSubmitClient(authorization, submissionOf(place, 'rolling'));
  t.teardown(() => client.close());

  const started: BrokerProcess[] = [];
  const start = async (): Promise<BrokerProcess> => {
    const broker = await startBroker({ dataDir, environment: environmentOf(place.forBrokers, door.url) });
    started.push(broker);
    return broker;
  };
  t.teardown(() => Promise.all(started.map((broker) => broker.stop('SIGKILL'))));
  current.push(...(await Promise.all(Array.from({ length: BROKERS }, start))));
  /** Whom the client knows: one that is going is there until it has gone. */
  const known = current.map(({ url }) => url);

  const replaced: Replaced[] = [];
  const load = submitAll(client, known, () => replaced.length / (ROUNDS * BROKERS));
  for (let i = 0; i < ROUNDS * BROKERS; i++) {
    const fresh = await start();
    known.push(fresh.url);
    const old = current[i % BROKERS];
    current[i % BROKERS] = fresh;
    replaced.push(await end(old, client, authorization, `half-${i}`));
    known.splice(known.indexOf(old.url), 1);
  }
  const { exchanges, accepted } = await load;

  const signaled = new Map(replaced.map(({ url, signaledAt }) => [url, signaledAt]));
  const isOld = ({ url, sentAt = Number.POSITIVE_INFINITY }: Exchange): boolean =>
    sentAt < (signaled.get(url) ?? Number.POSITIVE_INFINITY);
  const resets = exchanges.filter(({ end }) => end === 'reset');
  t.same(
    exchanges.filter(({ end }) => end === 'cut'),
    [],
    'no answer was cut',
  );
  t.same(resets.filter(isOld), [], 'whatever was sent before the signal was answered');
  t.same(
    resets.filter(({ url }) => !signaled.has(url)),
    [],
    'only brokers that were ended ended connections',
  );
  const answers = exchanges.filter(({ end }) => end === 'answered');
  t.same(
    answers.filter((answer) => !isSuccess(answer) && !(answer.status === 503 && answer.retryAfter)),
    [],
    'every answer is a success, or 503 with Retry-After',
  );
  for (const { half, code, streamEnd, underWay } of replaced) {
    t.match(half, { end: 'answered', status: 202 }, 'the submit that was half sent was taken');
    accepted.set(half.key, new Set([jobIdOf(half)]));
    t.equal(streamEnd, 'ended', 'the stream of events was ended, not torn');
    t.ok(underWay > 0, 'submits were under way');
    t.same(code, [0, null], 'it ended in order');
  }

  const jobIds = [...accepted.values()].flatMap((ids) => [...ids]);
  t.equal(accepted.size, JOBS + ROUNDS * BROKERS, 'every key was accepted');
  t.equal(new Set(jobIds).size, accepted.size, 'one job per key, however often it was sent');
  const settled = performance.now();
  const jobs = await settle(place);
  t.same([...jobs.keys()].sort(), jobIds.sort(), 'the accepted jobs are there, and no other');
  t.same(
    [...jobs.values()].filter((job) => job.state !== 'succeeded' || !endedOnce(job)),
    [],
    'each has succeeded, once',
  );
  const sfn = place.researcher.sfn(await place.rootOfUnit(), place.unit.region);
  const { stateMachineArn } = place.unit;
  const { executions } = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1_000 }));
  t.equal(executions?.length, jobs.size, 'one execution per job');
  t.same(startedTwice(await allRuns(sfn, stateMachineArn)), [], 'and no attempt was started twice');
  t.comment(
    JSON.stringify({
      jobs: jobs.size,
      submits: exchanges.length,
      refused: exchanges.filter(({ end }) => end === 'refused').length,
      told503: answers.filter(({ status }) => status === 503).length,
      resets: resets.length,
      underWay: replaced.map(({ underWay }) => underWay),
      endMs: replaced.map(({ ms }) => Math.round(ms)),
      callbacks: calls,
      settleMs: Math.round(performance.now() - settled),
    }),
  );
});

/** The environment of a broker on AWS, with the embedded cloud in the place of AWS. */
function environmentOf(place: BenchPlace, publicUrl: string): Record<string, string> {
  const { endpoint = '', credentials } = place;
  if (credentials.kind !== 'container')
    throw new Error('the embedded cloud gives credentials as to a container');
  return {
    CLOUDMR_CLOUD: 'aws',
    LOG_LEVEL: 'warn',
    AWS_REGION: place.region,
    HUB_ACCOUNT_ID: place.hubAccountId,
    BROKER_ROLE_ARN: place.brokerRoleArn,
    PUBLIC_URL: publicUrl,
    TOKEN_SECRET: place.tokenSecret,
    ADMIN_PASSWORD: 'Correct-horse.7-rolling',
    REQUESTS_PER_MINUTE: '10000000',
    AWS_ENDPOINT_URL: endpoint,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: credentials.token ?? '',
    // Nothing of the person's own.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

/**
 * Submits from several lanes until all keys are accepted and all brokers are replaced. A new key comes when its
 * share of the restarts is done; meanwhile keys are sent that were accepted already, and must give the same job.
 */
async function submitAll(
  client: SubmitClient,
  known: readonly string[],
  doneShare: () => number,
): Promise<{ exchanges: Exchange[]; accepted: Map<string, Set<string>> }> {
  const exchanges: Exchange[] = [];
  const accepted = new Map<string, Set<string>>();
  let [next, turn] = [0, 0];
  const lanes = Array.from({ length: LANES }, async () => {
    while (next < JOBS || doneShare() < 1) {
      const isNew = next < JOBS && next <= JOBS * (doneShare() + 0.3);
      const key = isNew
        ? `rolling-${next++}`
        : [...accepted.keys()][Math.floor(Math.random() * accepted.size)];
      for (let taken = false; !taken; ) {
        const exchange = await client.submit(known[turn++ % known.length], key);
        exchanges.push(exchange);
        taken = exchange.end === 'answered' && exchange.status !== 503;
        if (!taken || !isSuccess(exchange)) continue;
        accepted.set(key, (accepted.get(key) ?? new Set()).add(jobIdOf(exchange)));
      }
    }
  });
  await Promise.all(lanes);
  return { exchanges, accepted };
}

/** Ends a broker by SIGTERM while it has requests of every kind. */
async function end(
  broker: BrokerProcess,
  client: SubmitClient,
  authorization: string,
  key: string,
): Promise<Replaced> {
  const { url, process: child } = broker;
  const stream = await fetch(`${url}/api/job/events`, { headers: { authorization } });
  const streamed = stream.text().then(
    () => 'ended',
    (error: unknown) => String(error),
  );
  const half = client.halfSubmit(url, key);
  // Another request on the way shows that the first half has arrived.
  await fetch(`${url}/live`);
  await pause(50);
  while (client.underWay(url) === 0) await new Promise((resolve) => setImmediate(resolve));
  const underWay = client.underWay(url);
  const exit = once(child, 'exit');
  const signaledAt = performance.now();
  child.kill('SIGTERM');
  await untilClosed(url);
  const answer = await half.finish();
  const code = await exit;
  const ms = performance.now() - signaledAt;
  return { url, signaledAt, underWay, half: answer, code, ms, streamEnd: await streamed };
}

/** All jobs, when the last one has ended or the time is up. */
async function settle(place: Place): ReturnType<typeof storedJobs> {
  const limit = performance.now() + SETTLE_MS;
  for (;;) {
    const jobs = await storedJobs(place);
    if ([...jobs.values()].every(endedOnce) || performance.now() > limit) return jobs;
    await pause(200);
  }
}

const isSuccess = ({ end, status = 0 }: Exchange): boolean =>
  end === 'answered' && status >= 200 && status < 300;

function jobIdOf({ text }: Exchange): string {
  const { jobId } = JSON.parse(text) as { jobId?: string };
  if (!jobId) throw new Error(`an accepted submit names no job: ${text}`);
  return jobId;
}
