/**
 * Secrets and signatures of webhooks (Standard Webhooks 1.0, symmetric). A secret is derived (HMAC) from the
 * broker's own secret, the webhook and the count of its rotations: no two webhooks share one, and none is stored.
 */
import { createHmac } from 'node:crypto';
import type { Webhook } from '../../src/schemas/webhook.ts';

/** 32 bytes of a generation's secret. */
function keyOf(tokenSecret: string, webhookId: string, generation: number): Buffer {
  return createHmac('sha256', tokenSecret).update(`cloudmr/webhook/1\n${webhookId}\n${generation}`).digest();
}

/** The secret as its owner gets it. */
export function webhookSecret(
  tokenSecret: string,
  webhook: Pick<Webhook, 'webhookId' | 'generation'>,
): string {
  return `whsec_${keyOf(tokenSecret, webhook.webhookId, webhook.generation).toString('base64')}`;
}

/** Signature of one message by one key: `v1,` and base64. `seconds`: when it is sent, epoch seconds. */
export function signature(key: Buffer, message: { id: string; seconds: number; body: string }): string {
  const { id, seconds, body } = message;
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

/** Headers of one attempt at `now` (epoch ms); during a rotation with the signatures of both secrets. */
export function signedHeaders(
  tokenSecret: string,
  webhook: Pick<Webhook, 'webhookId' | 'generation' | 'previousUntil'>,
  { id, body }: { id: string; body: string },
  now: number,
): Record<string, string> {
  const { webhookId, generation, previousUntil = 0 } = webhook;
  const seconds = Math.floor(now / 1000);
  const generations = previousUntil > now ? [generation, generation - 1] : [generation];
  const signatures = generations.map((each) =>
    signature(keyOf(tokenSecret, webhookId, each), { id, seconds, body }),
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
