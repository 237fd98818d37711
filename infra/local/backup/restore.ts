/**
 * Restores a backup: everything goes into a new folder beside the state, and only a backup that is whole and sound
 * takes its place. What was there before is kept under another name.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import { cloudDir } from '../launch.ts';
import { BackupError } from './backup-error.ts';
import { type Frame, framesOf } from './frames.ts';
import { beforeOf, draftOf, namesIn, removeDrafts } from './half-restored.ts';
import { type BackupHeader, takeHeader } from './header.ts';
import { isLocked, KEY_FILES } from './make.ts';
import { STORES } from './vault.ts';

/** A content is a file with a random name; nothing else of a backup becomes a path. */
const BLOB = /^cloud\/s3\/blobs\/([0-9a-f]{2})\/\1[0-9a-f]{30}$/;
const BATCH_BYTES = 1_048_576;
/** Errors of opening a file that the person who named it can mend. */
const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

export interface RestoreOptions {
  readonly file: string;
  readonly dataDir: string;
  /** Replace a state that is there. */
  readonly force: boolean;
  /** The newest generation of items that this release reads. */
  readonly generation: number;
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface Restored {
  readonly header: BackupHeader;
  readonly entries: number;
  readonly files: number;
  /** Where the state from before is; undefined if there was none. */
  readonly before: string | undefined;
}

/** Restores; until the last moment nothing of the state is touched. Throws BackupError, AbortError. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, force, generation, now, signal } = options;
  const dataDir = resolve(options.dataDir);
  await mustBeFile(file);
  const source = createReadStream(file);
  const fresh = draftOf(dataDir);
  let kept = false;
  try {
    const { header, first, rest } = await takeHeader(source);
    if (header.generation > generation) throw new BackupError('backup_newer');
    const exists = (await namesIn(dataDir)).length > 0;
    if (exists && !force) throw new BackupError('state_exists', dataDir);
    if (await isMounted(dataDir)) throw new BackupError('state_mounted', dataDir);
    if (exists) await mustBeFree(dataDir);
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    const counts = await unpack(framesOf(first, unzipped(rest)), fresh, signal);
    if (exists) await mustBeFree(dataDir);
    signal.throwIfAborted();
    // From here on it is done: two renames. Who is killed between them leaves both folders, and the broker says so.
    const before = exists ? beforeOf(dataDir, now) : undefined;
    if (before) await rename(dataDir, before);
    else await rm(dataDir, { recursive: true, force: true });
    try {
      await rename(fresh, dataDir);
    } catch (error) {
      // If this fails too, both stay as they are: whoever starts the broker is told.
      kept = before !== undefined;
      if (before) await rename(before, dataDir);
      kept = false;
      throw error;
    }
    await flushFolder(dirname(dataDir));
    await removeDrafts(dataDir);
    return { header, ...counts, before };
  } catch (error) {
    // A volume that nothing showed to be one.
    const busy = ['EBUSY', 'EXDEV'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw busy ? new BackupError('state_mounted', dataDir) : error;
  } finally {
    source.destroy();
    if (!kept) await rm(fresh, { recursive: true, force: true });
  }
}

/** Throws BackupError backup_unreadable. */
async function mustBeFile(path: string): Promise<void> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    await access(path, constants.R_OK);
    if (!isFolder) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !UNREADABLE.has(code)) throw error;
  }
  throw new BackupError('backup_unreadable', path);
}

/** Whether something is mounted there: that cannot be renamed. Windows and macOS show it by the device only. */
async function isMounted(path: string): Promise<boolean> {
  if ((await namesIn(dirname(path))).length === 0) return false;
  const [own, parent] = await Promise.all([stat(path).catch(() => undefined), stat(dirname(path))]);
  if (!own) return false;
  if (own.dev !== parent.dev) return true;
  const real = await realpath(path);
  // A folder of the same device, bound into a container.
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return mounts.split('\n').some((line) => line.split(' ')[4] === real.replaceAll(' ', '\\040'));
}

async function* unzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    const unzip = createGunzip();
    // What goes wrong is thrown where the bytes are read.
    pipeline(Readable.from(packed), unzip).catch(() => undefined);
    yield* unzip as AsyncIterable<Buffer>;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'Z_BUF_ERROR') throw new BackupError('backup_truncated');
    if (code?.startsWith('Z_')) throw new BackupError('backup_corrupt');
    throw error;
  }
}

async function unpack(
  frames: AsyncIterable<Frame>,
  folder: string,
  signal: AbortSignal,
): Promise<{ entries: number; files: number }> {
  let level: ClassicLevel<Buffer, Buffer> | undefined;
  let batch: { type: 'put'; key: Buffer; value: Buffer }[] = [];
  let [bytes, entries, files] = [0, 0, 0];
  const flush = async (sync = false): Promise<void> => {
    if (level && (batch.length > 0 || sync)) await level.batch(batch, { sync });
    [batch, bytes] = [[], 0];
  };
  try {
    for await (const { type, name, contents } of frames) {
      signal.throwIfAborted();
      if (type === 'F') {
        await writeFile(join(folder, fileName(name)), contents, signal);
        files++;
        continue;
      }
      const value = await whole(contents);
      if (type === 'S') {
        await flush(true);
        await level?.close();
        const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
        level = new ClassicLevel<Buffer, Buffer>(join(folder, 'cloud', storeName(name)), options);
        await mkdir(join(folder, 'cloud', storeName(name)), { recursive: true });
        await level.open();
      } else {
        if (!level) throw new BackupError('backup_corrupt');
        batch.push({ type: 'put', key: name, value });
        bytes += name.length + value.length;
        entries++;
        if (bytes > BATCH_BYTES) await flush();
      }
    }
    await flush(true);
  } finally {
    await level?.close();
  }
  return { entries, files };
}

function fileName(name: Buffer): string {
  const text = name.toString('latin1');
  if ((KEY_FILES as readonly string[]).includes(text) || BLOB.test(text)) return text;
  throw new BackupError('backup_corrupt');
}

function storeName(name: Buffer): string {
  const text = name.toString('latin1');
  if ((STORES as readonly string[]).includes(text)) return text;
  throw new BackupError('backup_corrupt');
}

async function whole(contents: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of contents) parts.push(part);
  return Buffer.concat(parts);
}

async function writeFile(path: string, contents: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await pipeline(contents, createWriteStream(path, { mode: 0o600, flush: true }), { signal });
}

/** Throws BackupError state_in_use. */
async function mustBeFree(dataDir: string): Promise<void> {
  const path = join(cloudDir(dataDir), STORES[0]);
  if ((await namesIn(path)).length === 0) return;
  const level = new ClassicLevel(path);
  try {
    await level.open();
  } catch (error) {
    if (isLocked(error)) throw new BackupError('state_in_use', dataDir);
    // A state that cannot be opened is a reason to restore.
    return;
  }
  await level.close();
}

/** Makes the renames survive a power cut; Windows cannot open directories and orders this itself. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
