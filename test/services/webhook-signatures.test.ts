/** Signatures of webhooks, judged by the published vector and by the reference library. */

import { Webhook } from 'standardwebhooks';
import t from 'tap';
import { nextTryMs } from '../../services/webhooks/schedule.ts';
import { signature, signedHeaders, webhookSecret } from '../../services/webhooks/signatures.ts';
import { fc } from '../helpers/fast-check.ts';

const SECRET = 'a token secret for tests, long enough';

t.test('the vector of the specification', async (t) => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    seconds: 1614265330,
    body: '{"test": 2432232314}',
  };
  t.equal(signature(key, message), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

t.test('the reference library accepts what we sign, whatever the message says', async () => {
  const now = Date.now();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uuid(), fc.nat(9), (text, webhookId, generation) => {
      const body = JSON.stringify({ text });
      const webhook = { webhookId, generation };
      const headers = signedHeaders(SECRET, webhook, { id: 'msg_1', body }, now);
      const judge = new Webhook(webhookSecret(SECRET, webhook));
      judge.verify(body, headers);
      return throws(() => judge.verify(`${body} `, headers));
    }),
    { numRuns: 200 },
  );
});

t.test(
  'T34: no two webhooks share a secret; both sign during a rotation, the old one not after it',
  async (t) => {
    const now = Date.now();
    const before = { webhookId: 'one', generation: 1 };
    const after = { webhookId: 'one', generation: 2, previousUntil: now + 60_000 };
    const secrets = [before, after, { webhookId: 'two', generation: 1 }].map((each) =>
      webhookSecret(SECRET, each),
    );
    secrets.push(webhookSecret(`${SECRET}!`, before));
    t.equal(new Set(secrets).size, 4);
    for (const secret of secrets) t.match(secret, /^whsec_[\w+/]{43}=$/);

    const message = { id: 'msg_1', body: '{}' };
    const [oldOne, newOne, foreign] = secrets.map((secret) => new Webhook(secret));
    const during = signedHeaders(SECRET, after, message, now);
    t.equal(during['webhook-signature'].split(' ').length, 2);
    oldOne.verify('{}', during);
    newOne.verify('{}', during);
    t.throws(() => foreign.verify('{}', during));
    const later = signedHeaders(SECRET, { ...after, previousUntil: now }, message, now);
    newOne.verify('{}', later);
    t.throws(() => oldOne.verify('{}', later));
  },
);

t.test('a message is tried ten times within about three days; a receiver may ask for patience', async (t) => {
  const pauses = Array.from({ length: 10 }, (_, i) => nextTryMs(i + 1, 0));
  t.equal(pauses[9], undefined);
  const hours = pauses.slice(0, 9).reduce((sum: number, pause) => sum + (pause ?? 0), 0) / 3_600_000;
  t.ok(hours > 75 && hours < 76, `${hours} h`);
  t.equal(nextTryMs(1, 0), 5_000);
  t.equal(nextTryMs(1, 0.5), 5_250, 'spread, so that many do not come back together');
  t.equal(nextTryMs(1, 0, 600), 600_000);
  t.equal(nextTryMs(5, 0, 600), 5 * 3_600_000, 'but not to hurry');
  t.equal(nextTryMs(1, 0, 999_999), 24 * 3_600_000, 'nor to wait for ever');
});

function throws(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
