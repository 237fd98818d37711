/**
 * Who is signed in. The access token lives in this module and nowhere else; what renews it is a cookie that no script
 * can read (routes/console-session.ts).
 */
import { BrokerError } from '../../client/index.js';

interface Opened {
  readonly token: string;
  readonly expiresIn: number;
}

/** A token that ends sooner than this is renewed before it is used. */
const MARGIN_MS = 60_000;

/** Says that there may be a session, so that strangers are not asked about one. Holds nothing else. */
const MARK = 'cloudmr-session';

let current: { token: string; until: number } | undefined;
let renewing: Promise<string> | undefined;
let onEnd: () => void = () => {};

/** Called when the session has ended without the person's doing. */
export function whenSessionEnds(work: () => void): void {
  onEnd = work;
}

/** Opens a session. @throws BrokerError */
export async function signIn(email: string, password: string): Promise<void> {
  keep(await ask('POST', { email, password }));
  localStorage.setItem(MARK, 'open');
}

/** True if there is a session to go on with. @throws BrokerError if the broker could not be asked. */
export async function resume(): Promise<boolean> {
  if (!localStorage.getItem(MARK)) return false;
  try {
    await renew();
    return true;
  } catch (error) {
    if (error instanceof BrokerError && error.status === 401) {
      localStorage.removeItem(MARK);
      return false;
    }
    throw error;
  }
}

/** Ends the session at the broker and here. @throws BrokerError, TypeError if that could not be done: it goes on. */
export async function signOut(): Promise<void> {
  await ask('DELETE');
  current = undefined;
  localStorage.removeItem(MARK);
}

/** A token that is good for at least a minute. */
export async function accessToken(): Promise<string> {
  if (current && current.until - MARGIN_MS > Date.now()) return current.token;
  try {
    return await renew();
  } catch (error) {
    if (error instanceof BrokerError && error.status === 401) onEnd();
    throw error;
  }
}

/** Makes the next request renew the token: the broker has refused this one. */
export function dropToken(): void {
  current = undefined;
}

/**
 * Once at a time, in all tabs of this browser: what renews a session is used up by it, and using it twice ends the
 * session.
 */
function renew(): Promise<string> {
  const under = renewing ?? renewAlone();
  renewing = under;
  return under;
}

async function renewAlone(): Promise<string> {
  try {
    return await navigator.locks.request('cloudmr-session', async () => keep(await ask('PUT')));
  } finally {
    renewing = undefined;
  }
}

function keep({ token, expiresIn }: Opened): string {
  current = { token, until: Date.now() + expiresIn * 1000 };
  return token;
}

async function ask(method: 'POST' | 'PUT' | 'DELETE', body?: object): Promise<Opened> {
  const response = await fetch('/console/session', {
    method,
    headers: { 'x-cloudmr-console': '1', ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
    // The answer holds what the next renewal needs, also if the page is left meanwhile.
    keepalive: true,
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new BrokerError(response, answer);
  return answer;
}
