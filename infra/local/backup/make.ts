/** Makes backups of a state folder: through the embedded cloud that runs, or from the folder if none does. */
import { createReadStream } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import { createControlClient } from '../control-client.ts';
import { createKeyRing, openMasterKey } from '../credentials.ts';
import { cloudDir, HUB_ACCOUNT } from '../launch.ts';
import { BackupError } from './backup-error.ts';
import { frameHead, sealed } from './frames.ts';
import { type BackupHeader, headerLine } from './header.ts';
import { type AnyLevel, createVault, STORES } from './vault.ts';

/** Files beside the stores: without them sessions and tokens would end. */
export const KEY_FILES = ['secrets.json', 'cloud/master.key'] as const;

export interface BackupOptions {
  readonly dataDir: string;
  /** Contents of buckets too. */
  readonly objects: boolean;
  readonly header: Omit<BackupHeader, 'objects' | 'running'>;
  readonly signal?: AbortSignal;
}

/**
 * Writes a backup into a stream; memory stays flat. Throws BackupError, and AbortError if the signal comes; what was
 * written then is no backup.
 */
export async function makeBackup(to: NodeJS.WritableStream, options: BackupOptions): Promise<BackupHeader> {
  const { dataDir, objects, signal } = options;
  const dir = cloudDir(dataDir);
  await access(join(dir, 'master.key')).catch(() => {
    throw new BackupError('state_missing', dataDir);
  });
  const levels = await openAll(dir);
  try {
    const header = { ...options.header, objects, running: levels === undefined };
    const first = headerLine(header);
    const frames = levels ? ofFolder(dir, levels, objects) : await ofRunning(dir, objects, signal);
    to.write(first);
    await pipeline(sealed(first, together(keyFrames(dataDir), frames)), createGzip({ level: 3 }), to, {
      signal,
    });
    return header;
  } finally {
    for (const level of levels?.values() ?? []) await level.close();
  }
}

async function* together(...streams: AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const stream of streams) yield* stream;
}

async function* keyFrames(dataDir: string): AsyncGenerator<Uint8Array> {
  for (const name of KEY_FILES) {
    const bytes = await readFile(join(dataDir, name)).catch((error: NodeJS.ErrnoException) => {
      // TOKEN_SECRET of the environment leaves no file.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (bytes) yield Buffer.concat([frameHead('F', name, bytes.length), bytes]);
  }
}

/** All stores, which keeps a broker from starting meanwhile; undefined if one runs. */
async function openAll(dir: string): Promise<Map<(typeof STORES)[number], AnyLevel> | undefined> {
  const levels = new Map<(typeof STORES)[number], AnyLevel>();
  try {
    for (const name of STORES) {
      const level: AnyLevel = new ClassicLevel(join(dir, name), { createIfMissing: false });
      await level.open();
      levels.set(name, level);
    }
    return levels;
  } catch (error) {
    for (const level of levels.values()) await level.close();
    if (isLocked(error)) return undefined;
    throw error;
  }
}

/** Whether another process holds a store. */
export function isLocked(error: unknown): boolean {
  return ((error as Error).cause as { code?: string } | undefined)?.code === 'LEVEL_LOCKED';
}

function ofFolder(dir: string, levels: Map<(typeof STORES)[number], AnyLevel>, objects: boolean) {
  const vault = createVault();
  for (const [name, level] of levels) vault.add(name, level);
  vault.addBlobs({
    // Nobody else is there to remove anything.
    hold: () => async () => undefined,
    open: (blob) => createReadStream(join(dir, 's3', 'blobs', blob.slice(0, 2), blob)),
  });
  return vault.frames({ objects });
}

async function ofRunning(dir: string, objects: boolean, signal?: AbortSignal): Promise<Readable> {
  const port = await readFile(join(dir, 'port'), 'utf8').catch(() => '');
  const keys = createKeyRing(await openMasterKey(dir));
  const control = createControlClient({
    endpoint: `http://127.0.0.1:${port.trim()}`,
    accountId: HUB_ACCOUNT,
    credentials: keys.rootCredentials(HUB_ACCOUNT),
  });
  return control.backup({ objects, signal }).catch((error: Error) => {
    if (signal?.aborted) throw error;
    throw new BackupError('state_busy', error.message);
  });
}
