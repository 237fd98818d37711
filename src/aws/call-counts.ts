/** How often AWS was asked what, and what it refused, since the process started. Counts whole calls, tries included. */
import { inSpan } from './call-spans.ts';

export interface CallCount {
  readonly service: string;
  readonly operation: string;
  calls: number;
  /** By error code. */
  readonly errors: Record<string, number>;
}

/** A call that has ended, tries included. */
export interface ObservedCall {
  readonly service: string;
  readonly region: string;
  readonly ms: number;
  /** Undefined: it was granted. */
  readonly error?: unknown;
}

export interface CallCounts {
  /** Counts the calls of a client of this region from now on; returns the client. */
  watch<C extends Countable>(client: C, region: string): C;
  /** Sorted by service and operation. */
  list(): CallCount[];
}

/** The part of an SDK client that this needs. */
interface Countable {
  // The SDK types each client's stack by its own inputs and outputs; a middleware that looks at neither fits all.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  middlewareStack: { add(middleware: any, options: any): void; remove(name: string): boolean };
}

type Handler = (call: unknown) => Promise<unknown>;
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** Codes kept per operation: they come from outside. */
const MAX_CODES = 50;

/** Creates empty counts; `observed` is told of each call. */
export function createCallCounts(observed: (call: ObservedCall) => void = () => {}): CallCounts {
  const counts = new Map<string, CallCount>();

  function countOf({ clientName = '', commandName = '' }: Context): CallCount {
    const name = `${clientName} ${commandName}`;
    let count = counts.get(name);
    if (!count) {
      const service = clientName.replace(/Client$/, '');
      const operation = commandName.replace(/Command$/, '');
      counts.set(name, (count = { service, operation, calls: 0, errors: {} }));
    }
    return count;
  }

  const middleware =
    (region: string) =>
    (next: Handler, context: Context): Handler =>
    async (call) => {
      const count = countOf(context);
      const { service } = count;
      const begun = performance.now();
      count.calls++;
      try {
        const answer = await inSpan(service, count.operation, () => next(call));
        observed({ service, region, ms: performance.now() - begun });
        return answer;
      } catch (error) {
        observed({ service, region, ms: performance.now() - begun, error });
        const code = error instanceof Error ? error.name : 'Error';
        const known = code in count.errors || Object.keys(count.errors).length < MAX_CODES;
        const name = known ? code : 'other';
        count.errors[name] = (count.errors[name] ?? 0) + 1;
        throw error;
      }
    };

  return {
    watch(client, region) {
      client.middlewareStack.add(middleware(region), {
        step: 'initialize',
        name: 'callCounts',
        priority: 'high',
      });
      return client;
    },
    list: () =>
      [...counts.values()].sort((a, b) =>
        `${a.service} ${a.operation}` < `${b.service} ${b.operation}` ? -1 : 1,
      ),
  };
}
