/** Small JSON files that belong to one person alone: folder 0700, files 0600, written whole or not at all. */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { CommandFailed } from './command.ts';

export interface StateFile<T> {
  readonly path: string;
  /** Undefined if there is none. Throws CommandFailed if it is damaged. */
  read(): Promise<T | undefined>;
  write(value: T): Promise<void>;
  remove(): Promise<void>;
}

/** A file of that shape at `name` in `folder`. */
export function stateFile<T>(folder: string, name: string, shape: z.ZodType<T>): StateFile<T> {
  const path = join(folder, name);
  return {
    path,
    async read() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      const parsed = shape.safeParse(jsonOf(text));
      if (parsed.success) return parsed.data;
      throw new CommandFailed(`${path} is damaged`, `Delete it and try again.`);
    },
    async write(value) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const fresh = `${path}.${process.pid}`;
      await writeFile(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600 });
      // The mode of writeFile counts only for a file that is new.
      await chmod(fresh, 0o600);
      await rename(fresh, path);
    },
    remove: () => rm(path, { force: true }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more form that the shape refuses.
    return undefined;
  }
}
