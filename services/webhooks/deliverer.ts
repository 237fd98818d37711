/**
 * Delivers what is due: sign, call, note how it went, and come back later after a failure. Deliveries are stored
 * with their due time, so nothing is lost with a process; every stored step is conditional, so several brokers
 * may deliver. At least once: an answer that never came is asked for again, with the same message id.
 */
import type { Job, JobState } from '../../src/schemas/job.ts';
import type { Delivery, DeliveryAttempt, Webhook } from '../../src/schemas/webhook.ts';
import type { Audit } from '../audit/audit.ts';
import { createFailing } from '../clockwork/failing.ts';
import { isActiveUser } from '../identity/change.ts';
import type { Clock, Ids, Log, UserStore } from '../ports.ts';
import type { CallOutcome, DeliveryStore, WebhookCaller, WebhookStore } from './ports.ts';
import { nextTryMs } from './schedule.ts';
import { signedHeaders } from './signatures.ts';

const POLL_MS = 2_000;
/** Between full batches: a moment, so that what cannot be read or written does not keep the process busy. */
const FULL_MS = 100;
const BATCH = 40;
const CONCURRENCY = 8;
/** Of one webhook at the same time: a slow receiver must not take all the places. */
const PER_WEBHOOK = 2;
/** Whoever has taken a delivery has this long to bring it to an end. */
const LEASE_MS = 30_000;
/** A call takes at most 10 s; what is left of a lease must suffice for it. */
const CALL_MS = 12_000;
/** While a webhook fails, what else is due for it waits this long. */
const BLOCK_MS = 60_000;
const MAX_ATTEMPTS_KEPT = 30;
/** Larger than what is under way at any time; what does not fit is found when it is due. */
const MAX_HANDED = 1_000;

export interface Deliverer {
  /** Delivers what is due; returns how much it looked at. Never throws for a single delivery; `beat` after each. */
  tick(beat?: () => void): Promise<number>;
  idleMs(): number;
  onWake(wake: () => void): void;
  /** Sends a prepared delivery whose change has been written. */
  send(delivery: Delivery): void;
  /** Something has just been stored that is due. */
  nudge(): void;
}

export interface DelivererDeps {
  webhooks: WebhookStore;
  deliveries: DeliveryStore;
  jobs: { get(jobId: string): Promise<Job | undefined> };
  users: Pick<UserStore, 'get'>;
  caller: Pick<WebhookCaller, 'post'>;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
  log: Log;
  audit: Pick<Audit, 'record'>;
  tokenSecret: string;
  /** Whether this process looks for what is due; another one does otherwise. Default: it does. */
  mine?: () => boolean;
}

/** Creates the deliverer of one broker process. */
export function createDeliverer(deps: DelivererDeps): Deliverer {
  const { webhooks, deliveries, jobs, users, caller, clock, ids, log, audit, tokenSecret } = deps;
  const handed: Delivery[] = [];
  const blocked = new Map<string, number>();
  const failing = createFailing(clock, ids.random);
  let nextPoll = 0;
  let wake = (): void => {};

  /** The delivery with a lease of this process, or undefined if it is not there to be sent (any more). */
  async function claim(deliveryId: string): Promise<Delivery | undefined> {
    const stored = await deliveries.get(deliveryId);
    const now = clock();
    if (stored?.dueAt === undefined || stored.dueAt > now) return undefined;
    if (stored.state === 'prepared' && !(await happened(stored))) {
      await deliveries.remove(deliveryId);
      return undefined;
    }
    const until = blocked.get(stored.webhookId) ?? 0;
    const waits = until > now;
    const dueAt = waits ? until + Math.round(ids.random() * BLOCK_MS) : now + LEASE_MS;
    const next: Delivery = { ...stored, state: 'pending', dueAt, version: stored.version + 1 };
    return (await deliveries.replace(next)) && !waits ? next : undefined;
  }

  async function happened({ expects }: Delivery): Promise<boolean> {
    if (!expects) return false;
    const shows = (moves: readonly { state: JobState; at: number }[] = []): boolean =>
      moves.some(({ state, at }) => state === expects.state && at === expects.at);
    if (shows((await jobs.get(expects.jobId))?.history)) return true;
    // A job may be deleted while a message about it waits: what happened to it is kept.
    return shows((await deliveries.deleted(expects.jobId))?.moves);
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const webhook = await webhooks.get(delivery.ownerId, delivery.webhookId);
    if (!webhook) {
      await deliveries.remove(delivery.deliveryId);
      return;
    }
    if (webhook.status !== 'active' || !isActiveUser(await users.get(delivery.ownerId))) {
      await settle(delivery, { state: 'canceled', dueAt: undefined });
      return;
    }
    const at = clock();
    const { messageId: id, body } = delivery;
    const outcome = await caller.post(
      webhook.url,
      signedHeaders(tokenSecret, webhook, { id, body }, at),
      body,
    );
    const { status, problem } = outcome;
    const attempt: DeliveryAttempt = { at, ms: clock() - at, status, problem };
    if (status !== undefined && status >= 200 && status < 300) {
      blocked.delete(webhook.webhookId);
      await settle(delivery, { state: 'delivered', dueAt: undefined }, attempt);
      if (webhook.failingSince !== undefined) await mark(webhook, { failingSince: undefined });
      return;
    }
    await failed(delivery, webhook, attempt, outcome);
  }

  async function failed(
    delivery: Delivery,
    webhook: Webhook,
    attempt: DeliveryAttempt,
    { status, retryAfter }: CallOutcome,
  ): Promise<void> {
    const now = clock();
    const tries = delivery.tries + 1;
    const pause = status === 410 ? undefined : nextTryMs(tries, ids.random(), retryAfter);
    const next = pause === undefined ? undefined : now + pause;
    await settle(delivery, { state: next ? 'pending' : 'failed', tries, dueAt: next }, attempt);
    blocked.set(webhook.webhookId, now + BLOCK_MS);
    const failingSince = webhook.failingSince ?? attempt.at;
    // It has failed at least as long as this message was tried, which is about three days.
    const hopeless = next === undefined && failingSince <= delivery.createdAt + LEASE_MS;
    if (status === 410) await mark(webhook, { status: 'disabled', disabledReason: 'gone', failingSince });
    else if (hopeless) await mark(webhook, { status: 'disabled', disabledReason: 'failing', failingSince });
    else if (webhook.failingSince === undefined) await mark(webhook, { failingSince });
  }

  /** Nothing is lost if somebody else was faster: then it was sent twice, which a receiver must expect. */
  async function settle(
    delivery: Delivery,
    change: Pick<Delivery, 'state' | 'dueAt'> & { tries?: number },
    attempt?: DeliveryAttempt,
  ): Promise<void> {
    const attempts = attempt ? [...delivery.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT) : delivery.attempts;
    await deliveries.replace({ ...delivery, ...change, attempts, version: delivery.version + 1 });
  }

  /** Loses against a change by the owner, which is newer. */
  async function mark(webhook: Webhook, change: Partial<Webhook>): Promise<void> {
    const next = { ...webhook, ...change, version: webhook.version + 1 };
    if (!(await webhooks.replace(next))) return;
    if (next.status === 'disabled') {
      const { webhookId, ownerId, disabledReason } = next;
      log.warn({ webhookId, ownerId, disabledReason }, 'a webhook was disabled');
      const outcome = disabledReason ?? 'disabled';
      await audit.record({ ownerId, action: 'webhook.disable', subject: webhookId, outcome });
    }
  }

  async function step(webhookId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // One delivery must never stop the others; its stored due time brings it back.
      log.error({ webhookId, err: error }, 'a delivery failed');
    }
  }

  /** What this tick does, by webhook. */
  async function collect(now: number): Promise<Map<string, (() => Promise<void>)[]>> {
    const work = new Map<string, (() => Promise<void>)[]>();
    const add = (webhookId: string, task: () => Promise<void>): void => {
      work.set(webhookId, [...(work.get(webhookId) ?? []), task]);
    };
    for (const delivery of handed.splice(0)) {
      add(delivery.webhookId, async () => {
        // The time until it falls due by itself is this process's lease; what comes too late is left to that.
        const late = (delivery.dueAt ?? 0) - clock() < CALL_MS;
        const waits = (blocked.get(delivery.webhookId) ?? 0) > clock();
        if (!late && !waits) await deliver(delivery);
      });
    }
    if (now < nextPoll) return work;
    nextPoll = now + POLL_MS;
    if (deps.mine?.() === false) return work;
    const limit = BATCH + failing.waiting();
    const found = await deliveries.due(now, limit);
    const due = found.filter(({ deliveryId }) => failing.mayTry(deliveryId));
    for (const { deliveryId, webhookId } of due) {
      add(webhookId, async () => {
        try {
          const claimed = await claim(deliveryId);
          if (claimed) await deliver(claimed);
          failing.cleared(deliveryId);
        } catch (error) {
          failing.failed(deliveryId, error);
          throw error;
        }
      });
    }
    // A full batch means that more is waiting.
    if (found.length === limit && due.length > 0) nextPoll = now + FULL_MS;
    return work;
  }

  return {
    async tick(beat) {
      const work = await collect(clock());
      // Lanes of each webhook, one after the other: a slow one holds up itself only, as far as there is room.
      const lanes = [...work].flatMap(([webhookId, tasks]) =>
        Array.from({ length: Math.min(PER_WEBHOOK, tasks.length) }, () => async () => {
          for (let task = tasks.shift(); task; task = tasks.shift()) {
            await step(webhookId, task);
            beat?.();
          }
        }),
      );
      const count = [...work.values()].reduce((sum, tasks) => sum + tasks.length, 0);
      const runners = Array.from({ length: Math.min(CONCURRENCY, lanes.length) }, async () => {
        for (let lane = lanes.shift(); lane; lane = lanes.shift()) await lane();
      });
      await Promise.all(runners);
      return count;
    },
    idleMs: () => (handed.length > 0 ? 0 : Math.max(0, nextPoll - clock())),
    onWake(callback) {
      wake = callback;
    },
    send(delivery) {
      if (handed.length < MAX_HANDED) handed.push(delivery);
      wake();
    },
    nudge() {
      nextPoll = 0;
      wake();
    },
  };
}
