/** Webhooks through the API, delivered to a real HTTPS receiver. */
import t from 'tap';
import type { Received } from '../helpers/receiver.ts';
import { type Caller, checked, log, newWebhook, runJob, setting } from '../helpers/webhooks.ts';

const HOUR_MS = 3_600_000;

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
