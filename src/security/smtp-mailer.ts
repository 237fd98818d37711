/**
 * Mail by SMTP. Nothing of a message becomes a header that was not checked: an address is one plain address, or the
 * mail is refused. On the way to another machine the connection is encrypted, or nothing is sent: mail holds codes.
 */
import { createTransport } from 'nodemailer';
import type { Mailer, MailMessage } from '../../services/mail/ports.ts';

const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;
/** A message with all its steps; shorter than the lease of whoever sends it. */
const SEND_MS = 60_000;

/** One address as most of the world writes it: no comments, no quotes, no lists, nothing that ends a line. */
const PLAIN_ADDRESS =
  /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d-]{1,63})*$/i;

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, with user and password if the server wants them. */
  readonly url: string;
  /** `Name <address>` or an address. */
  readonly from: string;
}

/** Creates the mailer; it connects when there is something to send. */
export function createSmtpMailer({ url, from }: SmtpOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const transport = createTransport({
    host,
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && !isThisMachine(host),
    auth: username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : undefined,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: ANSWER_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, subject, text }: MailMessage) {
      if (!isPlainAddress(to) || /[\r\n]/.test(subject)) return { state: 'refused', problem: 'address' };
      const message = { from, to: { name: '', address: to }, subject, text, headers: AUTOMATIC };
      try {
        await inTime(transport.sendMail(message));
        return { state: 'sent' };
      } catch (error) {
        return outcomeOf(error);
      }
    },
  };
}

/** No vacation replies to this, please (RFC 3834). */
const AUTOMATIC = { 'Auto-Submitted': 'auto-generated' };

/** True for an address that can be written into a header as it is. */
export function isPlainAddress(address: string): boolean {
  return address.length <= 254 && PLAIN_ADDRESS.test(address);
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** 5xx is the server's last word; what else goes wrong may go right later. The words of servers are not repeated. */
function outcomeOf(error: unknown): { state: 'refused' | 'failed'; problem: string } {
  const { responseCode, code } = error as { responseCode?: number; code?: string };
  const problem = String(responseCode ?? code ?? 'unknown');
  // 530 to 538 are about our own name and password there, which an operator may mend.
  const isFinal = responseCode !== undefined && responseCode >= 540 && responseCode < 600;
  return { state: isFinal ? 'refused' : 'failed', problem };
}

async function inTime(sending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('no end'), { code: 'ETIMEDOUT' })), SEND_MS);
  });
  try {
    await Promise.race([sending, late]);
  } finally {
    clearTimeout(timer);
  }
}
