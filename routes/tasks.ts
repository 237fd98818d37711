/** The door for work: submit a job, or ask first what it would take and cost. */

import type { Submit } from '../services/jobs/submit.ts';
import type { LimitsService } from '../services/limits/limits.ts';
import type { Timers } from '../services/ports.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { createTurnstile, throughTurnstile } from '../src/plugins/turnstile.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { estimateAnswer, toCapView, toKeptEstimateView } from '../src/schemas/http/estimates.ts';
import {
  estimateBody,
  submitAnswer,
  submitBody,
  submitHeaders,
  toSubmitAnswer,
} from '../src/schemas/http/tasks.ts';

export interface TaskRoutesDeps {
  submit: Submit;
  caps: Pick<LimitsService, 'caps'>;
  timers: Pick<Timers, 'after'>;
}

/** A submit takes most of a millisecond; a look at a job waits for a few turns. */
const SUBMITS_PER_TURN = 4;
/** At once: more would make none of them faster, and all that look wait for them. */
const SUBMITS_INSIDE = 32;
/** Twice what a submit takes among so many: who is inside for longer waits for an account. */
const PATIENCE_MS = 100;
/** About half a second of them. */
const SUBMITS_WAITING = 500;
const FREE = { low: 0, likely: 0, high: 0 };

/** POST /api/task/queue, the name existing callers use for it, and POST /api/task/estimate. */
export function taskRoutes({ submit, caps, timers }: TaskRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const enter = createTurnstile({
      perTurn: SUBMITS_PER_TURN,
      inside: SUBMITS_INSIDE,
      patienceMs: PATIENCE_MS,
      waiting: SUBMITS_WAITING,
      timers,
    });
    const inTurn = throughTurnstile(enter);
    for (const [url, operationId] of [
      ['/task/queue', 'queueTask'],
      ['/pipeline/queue_job', 'queueJob'],
    ]) {
      app.post(
        url,
        {
          ...inTurn,
          config: {
            access: 'user',
            errors: [
              'not_found',
              'no_unit',
              'unit_not_ready',
              'conflict',
              'cloud_refused',
              'price_too_high',
              'idempotency_key_reuse',
              'limit_reached',
            ],
          },
          schema: {
            tags: ['Jobs'],
            operationId,
            summary: 'Submit a job',
            description:
              'The answer comes when the job is stored; it starts soon after. The unit is chosen by ' +
              '`computing_unit_id`, else by `mode`, else it is the default one of Mode 1. What is said at the ' +
              'top of the body counts before what is said in the task. A job beyond a limit is refused with 429, ' +
              '`limit_reached`; `current_count` and `limit` say how many a month may have.',
            headers: submitHeaders,
            body: submitBody,
            response: { 202: answer('Accepted', submitAnswer) },
          },
        },
        async (request, reply) => {
          const key = request.headers['idempotency-key'];
          const accepted = await submit.submit(principalOf(request), request.body, key);
          return reply.status(202).send(toSubmitAnswer(accepted));
        },
      );
    }

    app.post(
      '/task/estimate',
      {
        config: { access: 'user', scope: 'jobs:read', errors: ['not_found', 'no_unit', 'unit_not_ready'] },
        schema: {
          tags: ['Jobs'],
          operationId: 'estimateTask',
          summary: 'How long a job would take, what it would cost, and whether there is room for it',
          description:
            'Takes the body of a submit and stores nothing. Duration and price come with an interval and the ' +
            'assumptions behind them.',
          body: estimateBody,
          response: { 200: answer('The estimate', estimateAnswer) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { unit, estimate, warnings } = await submit.estimate(who, request.body);
        const { reason, lines, paidBy, assumptions, refusal, usd } = estimate;
        return {
          computingUnitId: unit.unitId,
          mode: unit.mode,
          estimate: toKeptEstimateView(estimate),
          reason,
          lines,
          paidBy,
          youPayUsd: paidBy === 'platform' || unit.ownerId !== who.userId ? FREE : usd,
          assumptions,
          refusal,
          warnings,
          caps: (await caps.caps(who, unit)).map(toCapView),
        };
      },
    );
  };
}
