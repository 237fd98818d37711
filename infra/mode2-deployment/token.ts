/** The person's CloudMR token: from a file, standard input, the environment or a prompt; never an argument. */
import { readFileSync } from 'node:fs';
import { type Broker, createBroker, type TokenOwner } from './broker.ts';
import { DeployFailure, failure } from './failure.ts';
import type { Session } from './session.ts';

const TRIES = 3;
const MINUTE_MS = 60_000;
/** A deployment takes about this long, and asks the broker at its end. */
export const NEEDED_MS = 15 * MINUTE_MS;

export interface SignedIn {
  readonly broker: Broker;
  readonly owner: TokenOwner;
}

/** True if a token is there without asking anybody. */
export function hasToken({ values, environment }: Session): boolean {
  return Boolean(values['token-file'] || values['token-stdin'] || environment.token);
}

/**
 * The broker in the name of a person, whose token it has accepted; who types a wrong one is asked again.
 * @throws DeployFailure value_missing, invalid_token, broker_unreachable
 */
export async function signIn(session: Session): Promise<SignedIn> {
  const { dialogue, apiUrl } = session;
  const given = givenToken(session);
  if (given !== undefined) return accepted(session, given);
  if (!dialogue.interactive) {
    throw failure('value_missing', 'the CloudMR token: CLOUDMR_TOKEN, --token-file or --token-stdin');
  }
  dialogue.say(`Your token is on the profile page of CloudMR (broker: ${apiUrl}).`);
  for (let attempt = 1; ; attempt++) {
    const typed = cleaned(await dialogue.askHidden('CloudMR User Token'));
    try {
      if (typed === '') throw failure('invalid_token', 'nothing was typed');
      return await accepted(session, typed);
    } catch (error) {
      const again = error instanceof DeployFailure && error.code === 'invalid_token' && attempt < TRIES;
      if (!again) throw error;
      dialogue.say(`${error.message}\n  ${error.remedy}`);
    }
  }
}

function givenToken({ values, environment }: Session): string | undefined {
  const file = values['token-file'];
  if (values['token-stdin']) return cleaned(readFileSync(0, 'utf8'));
  if (file === undefined) return environment.token && cleaned(environment.token);
  try {
    return cleaned(readFileSync(file, 'utf8'));
  } catch (error) {
    throw failure('wrong_arguments', `--token-file ${file}: ${(error as Error).message}`);
  }
}

/** People paste tokens with quotes, line ends and the word in front. */
export function cleaned(text: string): string {
  return text
    .replace(/[\r\n]+/g, '')
    .trim()
    .replace(/^["']|["']$/g, '')
    .replace(/^Bearer\s+/i, '')
    .trim();
}

async function accepted({ apiUrl, dialogue, clock }: Session, token: string): Promise<SignedIn> {
  // Anything else cannot be a header, and is no token.
  if (!/^[\x21-\x7e]+$/.test(token)) throw failure('invalid_token', 'it holds characters that no token has');
  const broker = createBroker(apiUrl, token);
  const owner = await broker.owner();
  dialogue.say(`Signed in as ${owner.email}; ${lifeOf(owner, clock())}.`);
  return { broker, owner };
}

/** In words: how long the token is good. */
export function lifeOf({ expiresAt }: TokenOwner, now: number): string {
  if (expiresAt === undefined) return 'the token has no end';
  const minutes = Math.max(0, Math.floor((expiresAt - now) / MINUTE_MS));
  return minutes < 120
    ? `the token is good for ${minutes} min`
    : `the token is good for ${Math.floor(minutes / 60)} h`;
}
