/** Mail of a broker on somebody's own machine, where no mail server is configured: shown at the terminal. */
import type { Mailer } from '../services/mail/ports.ts';

/** Creates the mailer; `say` writes a line for the person at the terminal, and nowhere else: mail holds codes. */
export function createTerminalMailer(say: (line: string) => void): Mailer {
  return {
    async send({ to, subject, text }) {
      // What a person typed as an address must not steer the terminal.
      const shown = to.replace(/[^ -~\u00a0-\uffff]/g, '?');
      say(`Mail for ${shown} (no SMTP_URL is set): ${subject}\n${text.replace(/^/gm, '  | ')}`);
      return { state: 'sent' };
    },
  };
}
