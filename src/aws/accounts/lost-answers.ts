/** Whether one of the SDK's own tries of a command got no answer: it may have had its effect, whatever the last one says. */

interface Answer {
  readonly response: unknown;
}
type Handler<I, O extends Answer> = (call: I) => Promise<O>;

/** The part of an SDK command that this needs. */
interface Watchable {
  // The SDK types each command's stack by its own inputs and outputs; a middleware that looks at neither fits all.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  middlewareStack: { add(middleware: any, options: any): void };
}

/** Watches all tries of `command`; the function says, once the command has failed, whether an answer was lost. */
export function watchLostAnswers(command: Watchable): () => boolean {
  let lost = false;
  const middleware =
    <I, O extends Answer>(next: Handler<I, O>): Handler<I, O> =>
    async (call) => {
      try {
        const answer = await next(call);
        const status = (answer.response as { statusCode?: number })?.statusCode ?? 0;
        // Of a yes only the headers are here: if its body breaks off, the SDK tries again, and has had its effect.
        if (status >= 500 || status < 300) lost = true;
        return answer;
      } catch (error) {
        lost = true;
        throw error;
      }
    };
  // The innermost: it sees each try, before its answer is read.
  command.middlewareStack.add(middleware, { step: 'deserialize', name: 'lostAnswers', priority: 'low' });
  return () => lost;
}
