/** Where a command writes and whom it asks. */
import { failure } from './failure.ts';
import { openPrompt, PromptCanceled } from './prompt.ts';

/** The streams of a program; the same shape as that of the `cloudmr` commands. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** A person is there to be asked. */
  readonly terminal: boolean;
}

export interface Dialogue {
  /** True if questions may be asked. */
  readonly interactive: boolean;
  /** Words for a person: not on standard output if that holds a document. */
  readonly say: (line?: string) => void;
  /** Asks for a line; an empty answer is the default. @throws DeployFailure canceled at the end of input or Ctrl-C */
  ask(question: string, preset?: string): Promise<string>;
  /** The same without showing what is typed. */
  askHidden(question: string): Promise<string>;
  /** Yes or no; an empty answer is yes unless told otherwise. */
  confirm(question: string, preset?: boolean): Promise<boolean>;
}

/** The standard streams of this process. */
export function standardIo(): Io {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    terminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  };
}

/** Creates the dialogue of one command. */
export function createDialogue(io: Io, { quiet, json }: { quiet: boolean; json: boolean }): Dialogue {
  const say = (line = ''): void => (json ? io.err(line) : io.out(line));

  async function line(question: string, hidden: boolean): Promise<string> {
    const prompt = openPrompt();
    try {
      return (await prompt.ask(question, { hidden })).trim();
    } catch (error) {
      throw error instanceof PromptCanceled ? failure('canceled') : error;
    } finally {
      prompt.close();
    }
  }

  const dialogue: Dialogue = {
    interactive: io.terminal && !quiet && !json,
    say,
    async ask(question, preset) {
      const answer = await line(preset ? `${question} [${preset}]: ` : `${question}: `, false);
      return answer || preset || '';
    },
    askHidden: (question) => line(`${question}: `, true),
    async confirm(question, preset = true) {
      for (;;) {
        const answer = (await line(`${question} [${preset ? 'Y/n' : 'y/N'}] `, false)).toLowerCase();
        if (answer === '') return preset;
        if (['y', 'yes', 'n', 'no'].includes(answer)) return answer.startsWith('y');
        say('Please answer y or n.');
      }
    },
  };
  return dialogue;
}

/** Rows as columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(cell.length, all[i] ?? 0)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
