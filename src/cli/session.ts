/** Who is signed in at which broker, kept in the home directory; tokens are renewed before they end. */
import { z } from 'zod';
import { type BrokerClient, BrokerError, createBrokerClient, dataOf } from '../../client/index.js';
import { NotSignedIn } from './command.ts';
import type { CliEnvironment } from './environment.ts';
import { patientFetch } from './patience.ts';
import { type StateFile, stateFile } from './state-folder.ts';

/** Where `npm start` listens. */
export const LOCAL_URL = 'http://127.0.0.1:8080';
/** A token with less left is renewed first. */
const MARGIN_MS = 60_000;

const credentials = z.object({
  url: z.url(),
  email: z.string().optional(),
  token: z.string(),
  /** Absent for a personal access token: it cannot be renewed. */
  refreshToken: z.string().optional(),
  /** Epoch milliseconds. */
  expiresAt: z.number().optional(),
});
export type Credentials = z.infer<typeof credentials>;

export interface Session {
  readonly url: string;
  readonly client: BrokerClient;
  /** The token that is good now. */
  token(): Promise<string>;
}

/** What was stored at the last login. */
export function credentialsFile({ folder }: CliEnvironment): StateFile<Credentials> {
  return stateFile(folder, 'credentials.json', credentials);
}

/** The answer of a sign-in as it is kept. */
export function kept(
  url: string,
  email: string | undefined,
  answer: { id_token: string; refresh_token: string; expires_in: number },
  now: number,
): Credentials {
  return {
    url,
    email,
    token: answer.id_token,
    refreshToken: answer.refresh_token,
    expiresAt: now + 1000 * answer.expires_in,
  };
}

/**
 * Opens the session that the environment or the last login names; `say` is told when the broker asks to wait. Throws
 * NotSignedIn.
 */
export async function openSession(
  environment: CliEnvironment,
  clock: () => number,
  say: (line: string) => void,
): Promise<Session> {
  const fetch = patientFetch({ say });
  if (environment.token) {
    const { url = LOCAL_URL, token } = environment;
    return { url, client: createBrokerClient({ baseUrl: url, token, fetch }), token: async () => token };
  }
  const file = credentialsFile(environment);
  const stored = await file.read();
  if (!stored) throw new NotSignedIn('Nobody is signed in. Run: cloudmr login');
  if (environment.url && environment.url !== stored.url) {
    throw new NotSignedIn(`The last login was at ${stored.url}, and CLOUDMR_URL is ${environment.url}.`);
  }
  let current = stored;
  let renewing: Promise<string> | undefined;
  const token = async (): Promise<string> => {
    if (current.expiresAt === undefined || clock() < current.expiresAt - MARGIN_MS) return current.token;
    renewing ??= renewed(file, current, clock)
      .then((next) => {
        current = next;
        return next.token;
      })
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };
  return { url: stored.url, client: createBrokerClient({ baseUrl: stored.url, token, fetch }), token };
}

/** A refresh token is good once: another program of the same person may have used it a moment ago. */
async function renewed(
  file: StateFile<Credentials>,
  old: Credentials,
  clock: () => number,
): Promise<Credentials> {
  const stored = (await file.read()) ?? old;
  if (stored.token !== old.token) return stored;
  if (!old.refreshToken) throw new NotSignedIn('The session has ended. Run: cloudmr login');
  try {
    const client = createBrokerClient({ baseUrl: old.url });
    const answer = await dataOf(
      client.POST('/api/auth/refresh', { body: { refresh_token: old.refreshToken } }),
    );
    const next = kept(old.url, old.email, answer, clock());
    await file.write(next);
    return next;
  } catch (error) {
    if (!(error instanceof BrokerError) || error.status >= 500) throw error;
    const meanwhile = await file.read();
    if (meanwhile && meanwhile.token !== old.token) return meanwhile;
    throw new NotSignedIn('The session has ended. Run: cloudmr login');
  }
}
