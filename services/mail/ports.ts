/** What mail needs from the outside. */
import type { Mail } from '../../src/schemas/mail.ts';

/** Mail that is to be sent. Kept for a while after it was, so that the same is not sent twice. */
export interface MailStore {
  /** Leaves one that exists as it is. */
  create(mail: Mail): Promise<void>;
  get(mailId: string): Promise<Mail | undefined>;
  /** Writes `next` if the stored version is still `next.version - 1`. */
  replace(next: Mail): Promise<boolean>;
  /** Ids of what is due, oldest first. */
  due(now: number, limit: number): Promise<string[]>;
}

/** Plain text to one person. */
export interface MailMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** `refused`: for good, by the address or by the server; `failed`: may work later. */
export type MailOutcome = { readonly state: 'sent' | 'refused' | 'failed'; readonly problem?: string };

export interface Mailer {
  /** Never throws for what the other side does. */
  send(message: MailMessage): Promise<MailOutcome>;
}
