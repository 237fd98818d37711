/**
 * The process of the embedded cloud. It tells its parent over IPC when it is ready and ends when the parent
 * goes away, however that happens, so that no orphan ever holds the store. Without a parent it runs until
 * SIGINT or SIGTERM.
 */
import { resolve } from 'node:path';
import { startCloud } from './cloud.ts';
import { readLocalSettings } from './environment.ts';

/** A parent that waits for us gives up after 8 s (launch.ts). */
const CLOSE_LIMIT_MS = 6_000;
/** Longer than a predecessor may take to close; shorter than launch.ts waits for a start. */
const LOCK_WAIT_MS = 25_000;

async function main(): Promise<void> {
  const hasParent = process.send !== undefined;
  const asked = new Promise<void>((end) => {
    process.once('SIGTERM', () => end());
    // A parent that died cannot be told anything, and its successor is waiting for the store. Everything that
    // was acknowledged is on disk, so there is nothing to close.
    process.once('disconnect', () => process.exit(0));
    // It may have died before this line, while the modules were being loaded.
    if (hasParent && !process.connected) process.exit(0);
    // Ctrl-C reaches the whole process group: the parent still needs us while it closes.
    process.on('SIGINT', () => {
      if (!hasParent) end();
    });
  });
  const cloud = await startCloud({
    ...readLocalSettings(),
    lockWaitMs: LOCK_WAIT_MS,
    projectRoot: resolve(import.meta.dirname, '../..'),
  });
  const { endpoint, port } = cloud;
  if (!hasParent) console.log(`The embedded cloud listens on ${endpoint}`);
  // A parent that is gone by now is noticed by `disconnect`, so a failure to send tells nothing new.
  else if (process.connected)
    process.send?.({ type: 'ready', endpoint, port }, undefined, {}, () => undefined);
  await asked;
  setTimeout(() => process.exit(1), CLOSE_LIMIT_MS).unref();
  await cloud.close();
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
