/** The processes of one Lambda function and the invocations that wait for one, in order. */
import type { FunctionProcess } from './function-process.ts';

export interface FunctionPool {
  /** Runs one invocation as soon as a process is free. Rejects as `FunctionProcess.invoke`. */
  invoke(payload: string, signal: AbortSignal): Promise<unknown>;
  /** Makes sure that a process is there or on its way. */
  prewarm(): void;
  /** Ends all processes; invocations that wait are refused with `reason`. */
  close(reason: Error): Promise<void>;
}

interface Waiting {
  readonly payload: string;
  readonly signal: AbortSignal;
  readonly leave: () => void;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export function createFunctionPool(options: {
  /** Most processes at a time. */
  size: number;
  /** Starts a process; may throw. */
  start: () => FunctionProcess;
  /** Whether a process that has served before may serve again. */
  usable: (process: FunctionProcess) => boolean;
}): FunctionPool {
  const processes = new Set<FunctionProcess>();
  const waiting: Waiting[] = [];
  let closing: Error | undefined;

  function next(): Waiting | undefined {
    const first = waiting.shift();
    first?.signal.removeEventListener('abort', first.leave);
    return first;
  }

  function start(): void {
    const process = options.start();
    processes.add(process);
    process.ready.then(serve, (error) => next()?.reject(error));
    process.ended.then(() => {
      processes.delete(process);
      serve();
    });
  }

  function idle(): FunctionProcess | undefined {
    for (const process of processes) {
      if (process.state !== 'idle') continue;
      if (options.usable(process)) return process;
      process.kill();
    }
    return undefined;
  }

  /** Gives waiting invocations to idle processes and starts processes for the others. */
  function serve(): void {
    while (waiting.length > 0) {
      const process = idle();
      if (process) {
        const { payload, signal, resolve, reject } = next() as Waiting;
        process.invoke(payload, signal).then(resolve, reject).finally(serve);
        continue;
      }
      const starting = [...processes].filter(({ state }) => state === 'starting').length;
      if (processes.size >= options.size || starting >= waiting.length) return;
      try {
        start();
      } catch (error) {
        next()?.reject(error);
      }
    }
  }

  return {
    invoke(payload, signal) {
      return new Promise((resolve, reject) => {
        if (closing) return reject(closing);
        if (signal.aborted) return reject(signal.reason);
        const leave = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
        };
        const entry: Waiting = { payload, signal, leave, resolve, reject };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(entry);
        serve();
      });
    },
    prewarm() {
      if (!closing && processes.size === 0) start();
    },
    async close(reason) {
      closing = reason;
      while (waiting.length > 0) next()?.reject(reason);
      const ended = [...processes].map((process) => process.ended);
      for (const process of processes) process.kill();
      await Promise.all(ended);
    },
  };
}
