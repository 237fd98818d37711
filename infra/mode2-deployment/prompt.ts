/** Questions to a person at the terminal. What is typed while a secret, or nothing, is asked for is never shown. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

export interface Prompt {
  /**
   * Asks for a line on standard error; `hidden`: what is typed is not shown. @throws PromptCanceled at Ctrl-C, at the
   * end of input, or when the signal aborts
   */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
  /** Gives the terminal back. */
  close(): void;
}

/** There will be no answer. */
export class PromptCanceled extends Error {
  constructor() {
    super('no answer');
    this.name = 'PromptCanceled';
  }
}

/**
 * Takes the terminal over: from here until it is closed the terminal itself echoes nothing, so that no secret is shown
 * that is typed as soon as its question is seen, or earlier. Lines that are typed ahead answer the next questions.
 */
export function openPrompt(signal?: AbortSignal): Prompt {
  let shown = false;
  let ended = false;
  let waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | undefined;
  const early: string[] = [];
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (shown) process.stderr.write(chunk);
      done();
    },
  });
  // Creating it turns the echo off; it must come before any question is printed.
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  const end = (): void => {
    if (ended) return;
    ended = true;
    reader.close();
    if (waiting) process.stderr.write('\n');
    waiting?.reject(new PromptCanceled());
    waiting = undefined;
  };
  reader.on('line', (text) => {
    // What follows in the same burst belongs to the next question, which may ask for a secret.
    shown = false;
    if (!waiting) early.push(text);
    waiting?.resolve(text);
    waiting = undefined;
  });
  reader.once('SIGINT', end).once('close', end);
  signal?.addEventListener('abort', end, { once: true });
  return {
    async ask(question, { hidden = false } = {}) {
      const text = early.shift();
      if (text !== undefined) {
        process.stderr.write(hidden ? `${question}\n` : `${question}${text}\n`);
        return text;
      }
      if (ended || signal?.aborted) throw new PromptCanceled();
      shown = !hidden;
      if (hidden) process.stderr.write(question);
      reader.setPrompt(hidden ? '' : question);
      reader.prompt(true);
      const typed = await new Promise<string>((resolve, reject) => {
        waiting = { resolve, reject };
      });
      if (hidden) process.stderr.write('\n');
      return typed;
    },
    close() {
      signal?.removeEventListener('abort', end);
      ended = true;
      reader.close();
    },
  };
}
