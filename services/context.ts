/**
 * On whose behalf the work at hand is done: the request, or the job that the ticker moves. It follows the
 * work through its awaits, so that the audit can name it where an account is entered, however deep that is.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface WorkContext {
  readonly requestId?: string;
  readonly jobId?: string;
  /** `user:<id>`; undefined: the broker itself. */
  readonly actor?: string;
}

const storage = new AsyncLocalStorage<WorkContext>();

/** Runs `work` with this context, added to the one around it. */
export function within<T>(context: WorkContext, work: () => T): T {
  const around = storage.getStore();
  return storage.run(around ? { ...around, ...context } : context, work);
}

/** The context of the work at hand; empty outside of any. */
export function workContext(): WorkContext {
  return storage.getStore() ?? {};
}
