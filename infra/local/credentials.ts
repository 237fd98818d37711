/**
 * Credentials of the embedded cloud. Nothing is stored but one master key: root keys, session secrets,
 * session tokens and container tokens are HMACs of it, so they survive a restart and cannot be forged.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from './contract.ts';

export interface RootCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What a session token says of its session; sealed with the master key. */
export interface SessionClaims {
  readonly roleArn: string;
  /** Changes when a role is deleted and made anew, so that old sessions end with the old role. */
  readonly roleId: string;
  readonly sessionName: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** JSON text of the session policy. */
  readonly policy?: string;
  readonly sourceIdentity?: string;
}

export interface KeyRing {
  /** Long-term keys that may do everything in their own account. */
  rootCredentials(accountId: string): RootCredentials;
  /** The account whose root has this access key; undefined if it is no root key. */
  rootAccount(accessKeyId: string): string | undefined;
  mintSession(claims: SessionClaims): Credentials;
  /** Undefined unless the token was minted here, for this access key. */
  openSession(accessKeyId: string, token: string): SessionClaims | undefined;
  sessionSecret(accessKeyId: string): string;
  /** What a container shows to get its role's credentials (AWS_CONTAINER_AUTHORIZATION_TOKEN). */
  containerToken(accountId: string, roleName: string): string;
  isContainerToken(token: string, accountId: string, roleName: string): boolean;
}

const ROOT_PREFIX = 'LKIAROOT';
const SESSION_KEY = /^LSIA[A-Z2-7]{16}$/;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function isSessionKey(accessKeyId: string): boolean {
  return SESSION_KEY.test(accessKeyId);
}

/** Upper-case letters and digits without look-alikes, 5 bits each. */
export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte & 31]).join('');
}

/** Reads `DIR/master.key`, making it (32 random bytes, mode 0600) at the first start. */
export async function openMasterKey(dir: string): Promise<Buffer> {
  const path = join(dir, 'master.key');
  await mkdir(dir, { recursive: true });
  // Written beside and linked into place: a crash in between leaves no half key under the final name.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(32));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  const key = await readFile(path);
  if (key.length !== 32) throw new Error(`${path} must hold 32 bytes; it holds ${key.length}.`);
  return key;
}

export function createKeyRing(masterKey: Buffer): KeyRing {
  const mac = (purpose: string, text: string): Buffer =>
    createHmac('sha256', masterKey).update(`${purpose}\0${text}`).digest();
  const secret = (purpose: string, text: string) => mac(purpose, text).toString('base64url').slice(0, 40);
  const sameMac = (text: string, wanted: Buffer): boolean => {
    const given = Buffer.from(text, 'base64url');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
  const container = (accountId: string, roleName: string) => mac('container', `${accountId}\0${roleName}`);

  return {
    rootCredentials: (accountId) => ({
      accessKeyId: `${ROOT_PREFIX}${accountId}`,
      secretAccessKey: secret('root', accountId),
    }),
    rootAccount: (accessKeyId) => /^LKIAROOT(\d{12})$/.exec(accessKeyId)?.[1],
    sessionSecret: (accessKeyId) => secret('session', accessKeyId),
    mintSession(claims) {
      const accessKeyId = `LSIA${randomName(16)}`;
      const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const seal = mac('token', `${accessKeyId}.${body}`).toString('base64url');
      return {
        accessKeyId,
        secretAccessKey: secret('session', accessKeyId),
        sessionToken: `${body}.${seal}`,
        expiresAt: claims.expiresAt,
      };
    },
    openSession(accessKeyId, token) {
      const [body, seal, ...rest] = token.split('.');
      if (!body || !seal || rest.length > 0) return undefined;
      if (!sameMac(seal, mac('token', `${accessKeyId}.${body}`))) return undefined;
      // Sealed by us, so it has the shape we gave it.
      return JSON.parse(Buffer.from(body, 'base64url').toString()) as SessionClaims;
    },
    containerToken: (accountId, roleName) => container(accountId, roleName).toString('base64url'),
    isContainerToken: (token, accountId, roleName) => sameMac(token, container(accountId, roleName)),
  };
}
