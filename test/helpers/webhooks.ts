/** A person with webhooks at a real HTTPS receiver, and jobs that end; time is moved by hand. */
import { Webhook } from 'standardwebhooks';
import { type Broker, broker, MODE_1, type Person, taskWith } from './http.ts';
import { type Received, startReceiver } from './receiver.ts';

const HOUR_MS = 3_600_000;

/** A broker, its administrator, a person with a token that may use webhooks, and the receiver. */
export async function setting(t: Parameters<typeof broker>[0]) {
  const receiver = await startReceiver(t);
  const b = await broker(t, { webhookCaller: receiver.caller });
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const person = await b.person('ada@example.org');
  const scopes = ['webhooks:write', 'jobs:write', 'data:write', 'audit:read'];
  const { token } = (await person.post('/api/profile/tokens', { name: 'hooks', scopes })).json();
  const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE') => (url: string, payload?: unknown) =>
    b.app.inject({ method, url, payload: payload as object, headers: { authorization: `Bearer ${token}` } });
  // By a token that outlives the days that pass in these tests.
  const ada = { get: call('GET'), post: call('POST'), patch: call('PATCH'), del: call('DELETE') };
  return { ...b, admin, ada, person, newPerson: b.person, receiver };
}

export type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'del'>;

/** Makes a webhook. */
export async function newWebhook(who: Caller, url: string, more: object = {}) {
  const answer = await who.post('/api/webhooks', { url, ...more });
  if (answer.statusCode !== 201) throw new Error(answer.body);
  return answer.json() as { webhookId: string; secret: string };
}

/** Runs a job until it fails; what is announced on the way is handed to the deliverer. */
export async function runJob(
  { cloud, ticker, clock, pass }: Pick<Broker, 'cloud' | 'ticker' | 'clock' | 'pass'>,
  who: Caller,
  error: string,
): Promise<string> {
  const { bucket, key } = (await who.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  const { jobId } = (
    await who.post('/task/queue', { alias: 'brain', task: taskWith({ bucket, key }) })
  ).json();
  await ticker.tick();
  const execution = [...cloud.executions.values()].find(({ arn }) => arn.includes(jobId));
  if (!execution) throw new Error('the job was not started');
  cloud.executions.set(execution.arn, { ...execution, status: 'FAILED', error, stoppedAt: clock() });
  pass(HOUR_MS);
  await ticker.tick();
  return jobId;
}

/** Its deliveries, newest first. */
export const log = async (who: Caller, webhookId: string) =>
  (await who.get(`/api/webhooks/${webhookId}/deliveries`)).json().deliveries;

/** What the receiver got, its signature checked by the reference library as a receiver would at that time. */
export function checked(received: Received, secret: string): Record<string, unknown> {
  const { headers, body } = received;
  const at = new Date(Number(headers['webhook-timestamp']) * 1000);
  const expected = new Webhook(secret).sign(headers['webhook-id'], at, body);
  if (!headers['webhook-signature'].split(' ').includes(expected)) throw new Error('the signature is wrong');
  return JSON.parse(body);
}
