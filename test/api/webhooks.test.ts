/** Webhooks through the API, delivered to a real HTTPS receiver; time is moved by hand. */
import { Webhook } from 'standardwebhooks';
import t from 'tap';
import { type Broker, broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';
import { type Received, startReceiver } from '../helpers/receiver.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function setting(t: Parameters<typeof broker>[0]) {
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

type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'del'>;

async function newWebhook(who: Caller, url: string, more: object = {}) {
  const answer = await who.post('/api/webhooks', { url, ...more });
  if (answer.statusCode !== 201) throw new Error(answer.body);
  return answer.json() as { webhookId: string; secret: string };
}

/** Runs a job to its end; everything that is announced on the way is handed to the deliverer. */
async function runJob(
  { cloud, ticker, clock, pass }: Pick<Broker, 'cloud' | 'ticker' | 'clock' | 'pass'>,
  who: Caller,
  error?: string,
): Promise<string> {
  const { bucket, key } = (await who.post('/data/presign', { operation: 'put', filename: 'a.dat' })).json();
  const { jobId } = (
    await who.post('/task/queue', { alias: 'brain', task: taskWith({ bucket, key }) })
  ).json();
  await ticker.tick();
  const execution = [...cloud.executions.values()].find(({ arn }) => arn.includes(jobId));
  if (!execution) throw new Error('the job was not started');
  const status = error === undefined ? 'ABORTED' : 'FAILED';
  cloud.executions.set(execution.arn, { ...execution, status, error, stoppedAt: clock() });
  pass(HOUR_MS);
  await ticker.tick();
  return jobId;
}

const log = async (who: Caller, webhookId: string) =>
  (await who.get(`/api/webhooks/${webhookId}/deliveries`)).json().deliveries;

/** What the receiver got, its signature checked by the reference library as a receiver would at that time. */
function checked(received: Received, secret: string): Record<string, unknown> {
  const { headers, body } = received;
  const at = new Date(Number(headers['webhook-timestamp']) * 1000);
  const expected = new Webhook(secret).sign(headers['webhook-id'], at, body);
  if (!headers['webhook-signature'].split(' ').includes(expected)) throw new Error('the signature is wrong');
  return JSON.parse(body);
}

t.test('a job that ends is told, signed, once', async (t) => {
  const s = await setting(t);
  const { ada, receiver, deliverer } = s;
  const { webhookId, secret } = await newWebhook(ada, receiver.urlOf(''), { description: 'dashboard' });
  await newWebhook(ada, receiver.urlOf('other'), { events: ['job.succeeded'] });
  const eve = await s.newPerson('eve@example.org');
  await newWebhook(eve, receiver.urlOf('eve'));
  const jobId = await runJob(s, ada, 'Boom');
  t.equal(await deliverer.tick(), 1);
  t.equal(receiver.received.length, 1, 'only whoever listens to failures of this person');
  const [message] = receiver.received;
  t.match(message.headers, {
    'content-type': 'application/json',
    'user-agent': /^CloudMR-Broker/,
    'webhook-id': /^msg_[0-9a-f]{32}$/,
    'webhook-timestamp': String(Math.floor(s.clock() / 1000)),
    'webhook-signature': /^v1,[\w+/]{43}=$/,
  });
  t.match(checked(message, secret), {
    type: 'job.failed',
    timestamp: /^2099-11-22T1/,
    data: {
      jobId,
      alias: 'brain',
      state: 'failed',
      attempt: 0,
      appId: 'mroptimum',
      mode: 'mode_1',
      failure: { code: 'worker_error', actor: 'operator' },
    },
  });
  t.notMatch(message.body, /Signature|token|bucket/i, 'it names things and opens nothing');
  await deliverer.tick();
  s.pass(HOUR_MS);
  await deliverer.tick();
  t.equal(receiver.received.length, 1, 'once');
  t.match(await log(ada, webhookId), [
    {
      event: 'job.failed',
      state: 'delivered',
      messageId: message.headers['webhook-id'],
      attempts: [{ status: 204 }],
    },
  ]);
  const stored = await s.stored();
  t.notOk(stored.includes(secret.slice('whsec_'.length)), 'the secret is stored nowhere');
  t.notOk(s.lines.join('').includes(secret.slice('whsec_'.length)));
});

t.test('a receiver that fails is called again, with the same id and a new time', async (t) => {
  const s = await setting(t);
  const { ada, receiver, deliverer, pass } = s;
  const { webhookId, secret } = await newWebhook(ada, receiver.urlOf(''));
  receiver.answers.push({ status: 500 }, { status: 302, headers: { location: '/' } }, { status: 200 });
  await runJob(s, ada, 'Boom');
  await deliverer.tick();
  t.match(await log(ada, webhookId), [{ state: 'pending', attempts: [{ status: 500 }] }]);
  t.match((await ada.get(`/api/webhooks/${webhookId}`)).json(), { status: 'active', failingSince: /^2099/ });
  pass(4_000);
  await deliverer.tick();
  t.equal(receiver.received.length, 1, 'not yet');
  // The whole webhook has a minute's rest after a failure.
  for (const ms of [MINUTE_MS, 2 * MINUTE_MS]) {
    pass(ms);
    await deliverer.tick();
  }
  t.equal(receiver.received.length, 2);
  for (const ms of [6 * MINUTE_MS, 2 * MINUTE_MS]) {
    pass(ms);
    await deliverer.tick();
  }
  t.equal(receiver.received.length, 3);
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  t.equal(new Set(ids).size, 1);
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size, 3);
  for (const message of receiver.received) t.match(checked(message, secret), { type: 'job.failed' });
  t.match(await log(ada, webhookId), [
    { state: 'delivered', attempts: [{ status: 500 }, { status: 302 }, { status: 200 }] },
  ]);
  t.notOk('failingSince' in (await ada.get(`/api/webhooks/${webhookId}`)).json());
});

t.test(
  'F31: a receiver that is down for days is given up and can be enabled; its messages are replayed',
  async (t) => {
    const s = await setting(t);
    const { ada, receiver, deliverer, pass } = s;
    const { webhookId } = await newWebhook(ada, receiver.urlOf(''));
    const { deliveryId } = (await ada.post(`/api/webhooks/${webhookId}/test`)).json();
    const url = `/api/webhooks/${webhookId}`;
    t.equal((await ada.post(`${url}/deliveries/${deliveryId}/replay`)).statusCode, 409, 'it is on its way');
    let hours = 0;
    for (; hours < 120; hours++) {
      receiver.answers.splice(0, 9, { status: 503 });
      await deliverer.tick();
      pass(HOUR_MS);
      if (hours > 70 && (await log(ada, webhookId))[0].state === 'failed') break;
    }
    t.ok(hours > 70 && hours < 90, `${hours} h`);
    t.equal(receiver.received.length, 10);
    t.match((await ada.get(url)).json(), { status: 'disabled', disabledReason: 'failing' });
    const [notice] = (await ada.get('/api/audit?limit=1')).json().entries;
    t.match(notice, { action: 'webhook.disable', subject: webhookId, outcome: 'failing', actor: 'broker' });
    receiver.answers.length = 0;
    t.equal((await ada.post(`${url}/test`)).statusCode, 409);
    t.equal((await ada.post(`${url}/deliveries/${deliveryId}/replay`)).statusCode, 409, 'enable it first');
    const enabled = (await ada.patch(url, { enabled: true })).json();
    t.match(enabled, { status: 'active' });
    t.notOk('disabledReason' in enabled || 'failingSince' in enabled);
    t.equal((await ada.post(`${url}/deliveries/${deliveryId}/replay`)).statusCode, 202);
    await deliverer.tick();
    const [first] = receiver.received;
    t.equal(receiver.received.at(-1)?.headers['webhook-id'], first.headers['webhook-id']);
    t.equal(receiver.received.at(-1)?.body, first.body);
    t.match(await log(ada, webhookId), [{ state: 'delivered' }]);
    t.equal(
      (await ada.post(`${url}/deliveries/${deliveryId}/replay`)).statusCode,
      202,
      'also what was delivered',
    );
    await deliverer.tick();
    t.equal(receiver.received.length, 12);
  },
);

t.test('410 disables a webhook; what is disabled is not called', async (t) => {
  const s = await setting(t);
  const { ada, receiver, deliverer } = s;
  const { webhookId } = await newWebhook(ada, receiver.urlOf(''));
  receiver.answers.push({ status: 410 });
  await runJob(s, ada, 'Boom');
  await deliverer.tick();
  t.match((await ada.get(`/api/webhooks/${webhookId}`)).json(), {
    status: 'disabled',
    disabledReason: 'gone',
  });
  t.match(await log(ada, webhookId), [{ state: 'failed', attempts: [{ status: 410 }] }]);
  await runJob(s, ada, 'Boom');
  await deliverer.tick();
  t.equal(receiver.received.length, 1);
  await ada.patch(`/api/webhooks/${webhookId}`, { enabled: true });
  t.equal((await ada.post(`/api/webhooks/${webhookId}/test`)).statusCode, 202);
  t.match((await ada.patch(`/api/webhooks/${webhookId}`, { enabled: false })).json(), {
    disabledReason: 'owner',
  });
  await deliverer.tick();
  t.equal(receiver.received.length, 1, 'disabled while a message was on its way');
  t.match((await log(ada, webhookId))[0], { event: 'webhook.test', state: 'canceled' });
});

t.test('T34: after a rotation both secrets sign for a day, then only the new one', async (t) => {
  const { ada, receiver, deliverer, pass } = await setting(t);
  const made = await newWebhook(ada, receiver.urlOf(''));
  const other = await newWebhook(ada, receiver.urlOf('other'));
  t.not(made.secret, other.secret);
  const url = `/api/webhooks/${made.webhookId}`;
  const send = async (who: Caller): Promise<Received> => {
    await who.post(`${url}/test`);
    await deliverer.tick();
    return receiver.received.at(-1) as Received;
  };
  checked(await send(ada), made.secret);
  const rotated = (await ada.post(`${url}/rotate-secret`)).json();
  t.match(rotated, { previousSecretUntil: '2099-11-23T09:30:00.000Z', secret: /^whsec_/ });
  const during = await send(ada);
  checked(during, made.secret);
  checked(during, rotated.secret);
  t.throws(() => checked(during, other.secret));
  pass(24 * HOUR_MS);
  const after = await send(ada);
  checked(after, rotated.secret);
  t.throws(() => checked(after, made.secret));
  t.notOk((await ada.get(url)).body.includes('whsec_'), 'shown at rotation only');
});

t.test('T7: hostile addresses are refused when a webhook is made, changed and called', async (t) => {
  const { ada, receiver, deliverer } = await setting(t);
  for (const url of [
    'http://hooks.example.org/',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/',
    'https://user:secret@hooks.example.org/',
  ]) {
    const answer = await ada.post('/api/webhooks', { url });
    t.equal(answer.statusCode, 400, url);
    t.match(answer.json(), { code: 'invalid_request', message: /^url: must / });
  }
  receiver.leads.push(['10.0.0.1']);
  t.equal((await ada.post('/api/webhooks', { url: receiver.urlOf('') })).statusCode, 400);
  const { webhookId } = await newWebhook(ada, receiver.urlOf(''));
  t.equal((await ada.patch(`/api/webhooks/${webhookId}`, { url: 'https://10.0.0.1/' })).statusCode, 400);
  t.equal((await ada.get(`/api/webhooks/${webhookId}`)).json().url, receiver.urlOf(''));
  receiver.leads.push(['10.0.0.1', '127.0.0.1']);
  await ada.post(`/api/webhooks/${webhookId}/test`);
  await deliverer.tick();
  t.equal(receiver.received.length, 0, 'the name leads elsewhere now');
  t.match(await log(ada, webhookId), [{ state: 'pending', attempts: [{ problem: 'address_refused' }] }]);
});

t.test('nobody has more than ten webhooks; what is wrong is refused', async (t) => {
  const { ada, receiver } = await setting(t);
  for (const wrong of [
    {},
    { url: receiver.urlOf(''), events: [] },
    { url: receiver.urlOf(''), events: ['job.everything'] },
    { url: receiver.urlOf(''), description: 'a\nb' },
  ]) {
    t.equal((await ada.post('/api/webhooks', wrong)).statusCode, 400, JSON.stringify(wrong));
  }
  for (let i = 0; i < 10; i++) await newWebhook(ada, receiver.urlOf(`n${i}`));
  t.equal((await ada.post('/api/webhooks', { url: receiver.urlOf('') })).statusCode, 409);
  const { webhooks, count } = (await ada.get('/api/webhooks')).json();
  t.equal(count, 10);
  t.match(webhooks[0], {
    events: ['job.succeeded', 'job.failed', 'job.canceled', 'job.lost'],
    status: 'active',
  });
  t.equal((await ada.del(`/api/webhooks/${webhooks[0].webhookId}`)).statusCode, 200);
  t.equal((await ada.del(`/api/webhooks/${webhooks[0].webhookId}`)).statusCode, 404);
  const acts = (await ada.get('/api/audit')).json().entries.map((e: { action: string }) => e.action);
  t.equal(acts.filter((act: string) => act === 'webhook.create').length, 10);
  t.ok(acts.includes('webhook.delete'));
});

t.test('T35: a person who is shut out or deleted is told nothing more', async (t) => {
  const s = await setting(t);
  const { admin, person: ada, receiver, deliverer } = s;
  const { webhookId } = await newWebhook(ada, receiver.urlOf(''));
  await ada.post(`/api/webhooks/${webhookId}/test`);
  await admin.post(`/api/admin/users/${ada.userId}/disable`);
  await deliverer.tick();
  t.equal(receiver.received.length, 0);
  await admin.post(`/api/admin/users/${ada.userId}/approve`);
  const back = await s.login('ada@example.org');
  t.match(await log(back, webhookId), [{ state: 'canceled' }]);
  await back.post(`/api/webhooks/${webhookId}/test`);
  await admin.del(`/api/admin/users/${ada.userId}`);
  await deliverer.tick();
  t.equal(receiver.received.length, 0);
  t.notOk((await s.stored()).includes(receiver.urlOf('')), 'the address is gone too');
});
