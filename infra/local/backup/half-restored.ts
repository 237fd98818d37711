/** What a restore leaves beside a state, and when that says that it was cut off. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BackupError } from './backup-error.ts';

/** Where a restore builds the state that is to come. */
export const draftOf = (dataDir: string): string => `${dataDir}.restore-${process.pid}`;

/** Where it puts the state from before; `now` in epoch ms. */
export const beforeOf = (dataDir: string, now: number): string =>
  `${dataDir}.before-${new Date(now).toISOString().replace(/\D/g, '')}`;

/** The names in a folder; none, if there is no such folder. */
export async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function besides(dataDir: string, pattern: RegExp): Promise<string[]> {
  const [folder, name] = [dirname(dataDir), basename(dataDir)];
  const found = (await namesIn(folder)).filter(
    (each) => each.startsWith(`${name}.`) && pattern.test(each.slice(name.length)),
  );
  return found.sort().map((each) => join(folder, each));
}

/**
 * Comes before a state is made anew: between the two renames of a restore there is none, and a new, empty one would
 * hide the one from before. Throws BackupError restore_interrupted.
 */
export async function mustNotBeHalfRestored(dataDir: string): Promise<void> {
  const path = resolve(dataDir);
  if ((await namesIn(path)).length > 0) return;
  const before = (await besides(path, /^\.before-\d{17}$/)).at(-1);
  if (before && (await drafts(path)).length > 0) throw new BackupError('restore_interrupted', before);
}

/** Removes what restores have left that were killed. */
export async function removeDrafts(dataDir: string): Promise<void> {
  for (const draft of await drafts(dataDir)) {
    if (!runs(Number(draft.slice(draft.lastIndexOf('-') + 1))))
      await rm(draft, { recursive: true, force: true });
  }
}

const drafts = (dataDir: string): Promise<string[]> => besides(dataDir, /^\.restore-\d+$/);

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
