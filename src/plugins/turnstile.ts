/**
 * Work that comes in crowds is let in a few at a time: so many per turn of the event loop, and so many inside at once,
 * so that whoever only wants to look is answered in between. Nobody holds a place while waiting for somebody else's
 * slow account: who is inside for long counts no more.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Timers } from '../../services/ports.ts';
import { AppError } from '../errors.ts';

export interface TurnstileOptions {
  readonly perTurn: number;
  /** At once. */
  readonly inside: number;
  /** Who has been inside for so many milliseconds waits for others, and does not count. */
  readonly patienceMs: number;
  /** How many may wait; who comes then is told to come again. */
  readonly waiting: number;
  readonly timers: Pick<Timers, 'after'>;
}

/** Waits for its turn; resolves with what is to be called when the work is done. @throws AppError unavailable */
export type Enter = () => Promise<() => void>;

/** Creates the turnstile of one process. */
export function createTurnstile({ perTurn, inside, patienceMs, waiting, timers }: TurnstileOptions): Enter {
  const queue: (() => void)[] = [];
  let counted = 0;
  let planned = false;

  function plan(): void {
    if (planned || queue.length === 0 || counted >= inside) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      for (const enter of queue.splice(0, Math.min(perTurn, inside - counted))) enter();
      plan();
    });
  }

  /** Counts one more, until what it answers is called, or the time is over. */
  function entered(): () => void {
    let gone = false;
    const leave = (): void => {
      if (gone) return;
      gone = true;
      stop();
      counted--;
      plan();
    };
    counted++;
    const stop = timers.after(patienceMs, leave);
    return leave;
  }

  return async () => {
    if (queue.length >= waiting) {
      throw new AppError('unavailable', 'more jobs are being submitted than the broker can take at once', {
        remedy: 'Try again after Retry-After, with the same Idempotency-Key.',
        details: { retryAfterSeconds: 1 },
      });
    }
    return new Promise((resolve) => {
      queue.push(() => resolve(entered()));
      plan();
    });
  };
}

/** Hooks of a route: in after it is known who asks and before the body is read, out when the answer is ready. */
export function throughTurnstile(enter: Enter) {
  const leaving = new WeakMap<FastifyRequest, () => void>();
  return {
    async preParsing(request: FastifyRequest): Promise<void> {
      leaving.set(request, await enter());
    },
    onSend(
      request: FastifyRequest,
      _reply: FastifyReply,
      payload: unknown,
      done: (error: null, payload: unknown) => void,
    ): void {
      leaving.get(request)?.();
      done(null, payload);
    },
  };
}
