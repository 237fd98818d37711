/**
 * From a change of a job to messages on their way. A message is stored before the change is, as `prepared`, and
 * let go when the change has been written. If the broker dies in between, the message falls due by itself and
 * the deliverer looks whether the change happened. The webhooks are read for each change, whichever process made them:
 * one made before a job ends is told of the end. Who has none pays that one read.
 */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Delivery, Webhook } from '../../src/schemas/webhook.ts';
import type { Clock, Ids, JobStore, Log, UserStore } from '../ports.ts';
import type { Deliverer } from './deliverer.ts';
import { eventOf, jobMessage, messageIdOf } from './messages.ts';
import type { DeliveryStore, WebhookStore } from './ports.ts';

/** What was prepared and not let go falls due after this: longer than a write takes, with all its repetitions. */
const GRACE_MS = 30_000;

/**
 * Other errors than a store that is away seldom pass by themselves. The change is held up so often, and repeated by
 * whoever makes it: fewer times than a job is tried before it is set aside.
 */
const MAX_REFUSALS = 3;
const MAX_REMEMBERED = 1_000;

export interface Announcer {
  /** The store of jobs, whose changes are announced. */
  announced(jobs: JobStore): JobStore;
}

export interface AnnouncerDeps {
  webhooks: WebhookStore;
  deliveries: DeliveryStore;
  users: Pick<UserStore, 'get'>;
  deliverer: Pick<Deliverer, 'send'>;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Creates the announcer of one broker process. */
export function createAnnouncer(deps: AnnouncerDeps): Announcer {
  const { webhooks, deliveries, users, deliverer, clock, ids, log } = deps;

  /** How often each change could not be prepared, by job and version. */
  const refusals = new Map<string, number>();

  async function listenersOf(ownerId: string): Promise<Webhook[]> {
    const all = await webhooks.listByOwner(ownerId, MOST_HELD.webhooks);
    // Whoever is shut out is told nothing more.
    const out = all.length > 0 && (await users.get(ownerId))?.status !== 'active';
    return out ? [] : all.filter(({ status }) => status === 'active');
  }

  async function prepare(job: Job): Promise<Delivery[]> {
    const happening = eventOf(job);
    if (!happening) return [];
    const { event, at } = happening;
    const listeners = (await listenersOf(job.ownerId)).filter(({ events }) => events.includes(event));
    const now = clock();
    const prepared = listeners.map(
      ({ webhookId, ownerId }): Delivery => ({
        deliveryId: ids.next(),
        webhookId,
        ownerId,
        messageId: messageIdOf(webhookId, job, event),
        event,
        body: jobMessage(job, event, at),
        state: 'prepared',
        expects: { jobId: job.jobId, state: job.state, at },
        tries: 0,
        dueAt: now + GRACE_MS,
        attempts: [],
        createdAt: now,
        version: 1,
      }),
    );
    await Promise.all(prepared.map((delivery) => deliveries.create(delivery)));
    return prepared;
  }

  /**
   * A change is not written before its messages are, so that its next try prepares them again. But a store that is away
   * is the only thing that keeps a job from its end: of what goes wrong otherwise, the job's end matters more.
   */
  async function prepareOrLog(job: Job): Promise<Delivery[]> {
    const change = `${job.jobId} ${job.version}`;
    try {
      const prepared = await prepare(job);
      refusals.delete(change);
      return prepared;
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error;
      const before = refusals.get(change) ?? 0;
      refusals.delete(change);
      if (before < MAX_REFUSALS) {
        const [oldest] = refusals.keys();
        if (refusals.size >= MAX_REMEMBERED) refusals.delete(oldest);
        refusals.set(change, before + 1);
        throw error;
      }
      log.error(
        { err: error, jobId: job.jobId, state: job.state },
        'the webhooks of a job could not be prepared',
      );
      return [];
    }
  }

  /**
   * Before a job is deleted: messages about it may still be prepared, and their truth is looked up in the job. Another
   * process may have prepared them. If the job is not deleted then, this says nothing false.
   */
  async function keepMoves({ jobId, ownerId, history }: Job): Promise<void> {
    if ((await webhooks.listByOwner(ownerId, 1)).length === 0) return;
    const moves = history.map(({ state, at }) => ({ state, at }));
    await deliveries.keepDeleted({ jobId, moves, deletedAt: clock() });
  }

  return {
    announced: (jobs) => ({
      ...jobs,
      async replace(next, ...more) {
        const prepared = await prepareOrLog(next);
        const written = await jobs.replace(next, ...more);
        // Of a change that another broker was faster with, the message is looked at when it is due, and dropped.
        if (written) for (const delivery of prepared) deliverer.send(delivery);
        return written;
      },
      async remove(job) {
        await keepMoves(job);
        return jobs.remove(job);
      },
    }),
  };
}
