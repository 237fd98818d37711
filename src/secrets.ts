/** The secret that the embedded broker makes for itself at its first start and keeps. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const secrets = z.object({ tokenSecret: z.string().min(32) });

/**
 * Reads the secret from `dataDir/secrets.json`, or makes it (mode 0600, written whole or not at all).
 * @throws Error if the file is there but cannot be understood: a new secret would end every session.
 */
export async function keptTokenSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secrets.json');
  const text = await readIfThere(path);
  if (text !== undefined) {
    const parsed = secrets.safeParse(parseJson(text));
    if (parsed.success) return parsed.data.tokenSecret;
    throw new Error(`${path} holds no usable secret: restore it, or delete it (everybody signs in again)`);
  }
  const tokenSecret = randomBytes(48).toString('base64url');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = await open(`${path}.new`, 'w', 0o600);
  try {
    await draft.writeFile(`${JSON.stringify({ tokenSecret })}\n`);
    await draft.sync();
  } finally {
    await draft.close();
  }
  await rename(`${path}.new`, path);
  return tokenSecret;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
