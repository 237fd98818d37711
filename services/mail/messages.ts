/**
 * The texts of mail. They hold nothing that a person has typed: whoever registers somebody else's address must not be
 * able to write to that person by way of the broker.
 */
import type { MailMessage } from './ports.ts';

const SIGNATURE = '\n\n-- \nCloudMR. This mail was sent by a program; answers are not read.\n';

/** A one-time code with which the person sets a new password. */
export function resetMessage(to: string, code: string, place: string): MailMessage {
  return {
    to,
    subject: 'Your CloudMR reset code',
    text:
      `Somebody, probably you, asked for a new password of the CloudMR account with this e-mail address.\n\n` +
      `    ${code}\n\n` +
      `Enter this code with a new password at ${place}. It is good once, for 24 hours. The old password is valid ` +
      `until then.\n\nIf it was not you, there is nothing to do: without this code nothing changes.${SIGNATURE}`,
  };
}

/** The account may be used from now on. */
export function approvedMessage(to: string, place: string): MailMessage {
  return {
    to,
    subject: 'Your CloudMR account is open',
    text:
      `An administrator has approved the CloudMR account with this e-mail address. You can sign in now at ${place}` +
      `.${SIGNATURE}`,
  };
}
