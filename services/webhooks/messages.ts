/** What a webhook is told: small messages that name things; whoever wants more asks the API. */
import { createHash } from 'node:crypto';
import type { Job, JobState } from '../../src/schemas/job.ts';
import type { WebhookEvent } from '../../src/schemas/webhook.ts';
import { moveOf } from '../jobs/lifecycle.ts';

const EVENTS: Partial<Record<JobState, WebhookEvent>> = {
  running: 'job.running',
  succeeded: 'job.succeeded',
  failed: 'job.failed',
  canceled: 'job.canceled',
  lost: 'job.lost',
};
/** Keeps a message far below the 20 KB that receivers must take. */
const MAX_TEXT = 1_000;

/** The event of the change that made this version of a job; undefined if it changed no state worth telling. */
export function eventOf(job: Job): { event: WebhookEvent; at: number } | undefined {
  const move = moveOf(job);
  const event = move && EVENTS[move.state];
  return event && { event, at: move.at };
}

/** The same for every attempt to tell of one change: receivers recognise repetitions by it. */
export function messageIdOf(webhookId: string, job: Job, event: WebhookEvent): string {
  const what = JSON.stringify([webhookId, job.jobId, job.attempt, event]);
  return `msg_${createHash('sha256').update(what).digest('hex').slice(0, 32)}`;
}

/** Body of the message about a job. */
export function jobMessage(job: Job, event: WebhookEvent, at: number): string {
  const { jobId, alias, state, attempt, unitId, appId, mode, startedAt, finishedAt, failure } = job;
  return message(event, at, {
    jobId,
    alias: alias.slice(0, MAX_TEXT),
    state,
    attempt,
    appId,
    computingUnitId: unitId,
    mode,
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
    failure: failure && {
      code: failure.code,
      message: failure.message.slice(0, MAX_TEXT),
      remedy: failure.remedy.slice(0, MAX_TEXT),
      actor: failure.actor,
    },
  });
}

/** Body of a message that only shows that messages arrive. */
export function testMessage(webhookId: string, at: number): string {
  return message('webhook.test', at, { webhookId });
}

function message(type: string, at: number, data: Record<string, unknown>): string {
  return JSON.stringify({ type, timestamp: time(at), data });
}

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
