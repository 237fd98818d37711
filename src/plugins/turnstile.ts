/**
 * Work that comes in crowds is let in a few at a time: so many per turn of the event loop, so that whoever only wants
 * to look is answered in between. Nobody holds a place while waiting for somebody else's slow account.
 */
import { AppError } from '../errors.ts';

export interface TurnstileOptions {
  readonly perTurn: number;
  /** How many may wait; who comes then is told to come again. */
  readonly waiting: number;
}

/** A hook for `preParsing`: after it is known who asks, before the body is read. @throws AppError unavailable */
export function createTurnstile({ perTurn, waiting }: TurnstileOptions): () => Promise<void> {
  const queue: (() => void)[] = [];
  let planned = false;

  function plan(): void {
    if (planned || queue.length === 0) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      for (const enter of queue.splice(0, perTurn)) enter();
      plan();
    });
  }

  return async () => {
    if (queue.length >= waiting) {
      throw new AppError('unavailable', 'more jobs are being submitted than the broker can take at once', {
        remedy: 'Try again after Retry-After, with the same Idempotency-Key.',
        details: { retryAfterSeconds: 1 },
      });
    }
    await new Promise<void>((enter) => {
      queue.push(enter);
      plan();
    });
  };
}
