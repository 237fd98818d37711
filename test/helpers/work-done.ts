/** What a broker does for a request, counted: what would take different time for different people shows here. */
import type { Broker } from './http.ts';

export interface Work {
  /** Calls to the table, by name. */
  readonly calls: readonly string[];
  /** Passwords compared with a hash. */
  readonly verified: number;
}

/** Counts from now on. */
export function workDone({ documents, passwordWork }: Pick<Broker, 'documents' | 'passwordWork'>) {
  let calls: string[] = [];
  documents.middlewareStack.add(
    (next, context) => (call) => {
      calls.push(String(context.commandName));
      return next(call);
    },
    { step: 'initialize' },
  );
  return async (act: () => Promise<unknown>): Promise<Work> => {
    calls = [];
    const before = passwordWork.verified;
    await act();
    return { calls: calls.toSorted(), verified: passwordWork.verified - before };
  };
}
