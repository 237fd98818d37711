/** No try of a command is sent once its time is over: a process that stood still does not go on as if it had not. */
import { CloudError } from '../../../services/ports.ts';

type Handler<I, O> = (call: I) => Promise<O>;

/** The part of an SDK command that this needs. */
interface Watchable {
  // The SDK types each command's stack by its own inputs and outputs; a middleware that looks at neither fits all.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  middlewareStack: { add(middleware: any, options: any): void };
}

/** Before each try of `command` it is asked whether it may still be sent; else the try fails as `unavailable`. */
export function sendOnlyWhile(command: Watchable, operation: string, may: () => boolean): void {
  const middleware =
    <I, O>(next: Handler<I, O>): Handler<I, O> =>
    (call) => {
      if (may()) return next(call);
      throw new CloudError(
        'unavailable',
        operation,
        'TooLate',
        `${operation}: asked for too long ago, not sent`,
      );
    };
  // After the SDK's own repetitions and the signature: just before it is sent.
  command.middlewareStack.add(middleware, {
    step: 'finalizeRequest',
    name: 'sendOnlyWhile',
    priority: 'low',
  });
}
