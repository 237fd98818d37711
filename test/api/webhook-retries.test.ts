/** Webhooks whose receiver fails: again, given up, enabled, replayed. */
import t from 'tap';
import { checked, log, newWebhook, runJob, setting } from '../helpers/webhooks.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

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
