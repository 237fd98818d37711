/**
 * Calls to addresses that users chose, so that nobody makes the broker call what only the broker can reach. A
 * name is resolved once per call, all its addresses must be public, and the connection goes to the address that
 * was checked (a second look-up could answer differently: DNS rebinding). TLS always, no redirect is followed, and
 * what the other side says is neither kept nor shown.
 */
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import type { CallOutcome, WebhookCaller } from '../../services/webhooks/ports.ts';
import { isPublicAddress } from './public-addresses.ts';

const LONGEST_URL = 2_048;
const TIMEOUT_MS = 10_000;
/** An answer is read to its end so that the receiver sees it was, but not for ever. */
const MAX_ANSWER_BYTES = 65_536;
/** Names that mean something in private networks only. */
const PRIVATE_NAME =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|home\.arpa|test|invalid|onion)$/;

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface WebhookCallerOptions {
  /** All addresses of a name; rejects if there are none. */
  readonly resolve?: (hostname: string) => Promise<Address[]>;
  readonly isAllowed?: (address: string) => boolean;
  /** Certificates to trust instead of the usual ones. */
  readonly ca?: string;
  readonly timeoutMs?: number;
}

/** Creates the caller. */
export function createWebhookCaller(options: WebhookCallerOptions = {}): WebhookCaller {
  const { isAllowed = isPublicAddress, ca, timeoutMs = TIMEOUT_MS } = options;
  const resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true, verbatim: true }));

  /** The address to connect to. */
  async function pinned(url: URL, signal: AbortSignal): Promise<Address | CallOutcome['problem']> {
    let addresses: Address[];
    try {
      addresses = await Promise.race([resolve(url.hostname), aborted(signal)]);
    } catch {
      return signal.aborted ? 'timeout' : 'name_unknown';
    }
    // One address that is not public among others that are is how rebinding starts.
    const safe = addresses.length > 0 && addresses.every(({ address }) => isAllowed(address));
    return safe ? addresses[0] : 'address_refused';
  }

  return {
    async refusal(text) {
      const wrong = wrongAbout(text);
      if (wrong) return wrong;
      const found = await pinned(new URL(text), AbortSignal.timeout(timeoutMs));
      // The same words for all reasons: nobody explores private names through the broker.
      return typeof found === 'object' ? undefined : 'must be the name of a host on the public internet';
    },

    async post(text, headers, body) {
      if (wrongAbout(text)) return { problem: 'address_refused' };
      const url = new URL(text);
      const signal = AbortSignal.timeout(timeoutMs);
      const found = await pinned(url, signal);
      if (typeof found !== 'object') return { problem: found };
      return call(url, found, { headers, body, ca, signal });
    },
  };
}

/** What is wrong with the text of an address, before anything is asked of the network. */
function wrongAbout(text: string): string | undefined {
  // Backslashes and blanks are read differently by different programs.
  const odd = /[\\\s\p{Cc}]/u.test(text);
  if (text.length > LONGEST_URL || odd || !URL.canParse(text)) return 'must be an https address';
  const { protocol, hostname, port, username, password, hash } = new URL(text);
  if (protocol !== 'https:') return 'must be an https address';
  if (username || password) return 'must not hold a user name or password';
  if (hash || text.includes('#')) return 'must not hold a fragment';
  if (port !== '' && Number(port) < 1024) return 'must use port 443, or one from 1024';
  const name = hostname.replace(/\.$/, '');
  const isName = isIP(name.replace(/^\[|\]$/g, '')) === 0 && name.includes('.') && /[a-z]/.test(name);
  if (!isName || PRIVATE_NAME.test(name)) return 'must be the name of a host on the public internet';
  return undefined;
}

/** One request to one address; resolves when the head of the answer is there. */
function call(
  url: URL,
  { address, family }: Address,
  {
    headers,
    body,
    ca,
    signal,
  }: { headers: Record<string, string>; body: string; ca?: string; signal: AbortSignal },
): Promise<CallOutcome> {
  const options: RequestOptions = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'CloudMR-Broker-Webhooks/1',
      'content-length': Buffer.byteLength(body),
      ...headers,
    },
    // Never a shared or proxied connection, never another address than the one that was checked.
    agent: false,
    lookup: (_hostname, { all }, done) =>
      all ? done(null, [{ address, family }]) : done(null, address, family),
    maxHeaderSize: 16_384,
    rejectUnauthorized: true,
    ca,
    signal,
  };
  return new Promise((resolve) => {
    const sent = request(url, options, (answer) => {
      swallow(answer);
      resolve({ status: answer.statusCode, retryAfter: secondsOf(answer.headers['retry-after']) });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve({ problem: problemOf(error, signal) }));
    sent.end(body);
  });
}

/** Reads what is left of an answer and forgets it. */
function swallow(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy();
  });
  // The status was the answer; how the rest ends changes nothing.
  answer.on('error', () => answer.destroy());
}

function secondsOf(header: string | undefined): number | undefined {
  return header && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

function problemOf({ code = '' }: NodeJS.ErrnoException, signal: AbortSignal): CallOutcome['problem'] {
  if (signal.aborted) return 'timeout';
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY|EPROTO/.test(code) ? 'tls' : 'connection';
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
