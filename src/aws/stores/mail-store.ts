/** Mail that is to be sent, in DynamoDB with TTL. */
import type { MailStore } from '../../../services/mail/ports.ts';
import { type Mail, mail } from '../../schemas/mail.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { dueBefore, dueEntry, MAILS_DUE, mailDueKeys, mailKey } from '../table/table.ts';

export const MAIL: Kind<Mail> = { name: 'mail', schema: 1, shape: mail };
/** Longer than any mail is tried. */
const KEPT_MS = 24 * 3_600_000;

/** Creates the store of mail. */
export function createMailStore(table: ItemTable): MailStore {
  return {
    async create(value) {
      await table.write(itemOf(value), ABSENT);
    },
    get: (mailId) => table.read(MAIL, mailKey(mailId)),
    replace: (next) => table.write(itemOf(next), ofVersion(next.version - 1)),
    async due(now, limit) {
      return (await table.openKeys(MAILS_DUE, dueBefore(now), limit)).map((key) => dueEntry(key).jobId);
    },
  };
}

function itemOf(value: Mail): Item {
  const { mailId, dueAt, createdAt, version } = value;
  return toItem(MAIL, mailKey(mailId), value, {
    ...(dueAt === undefined ? {} : mailDueKeys(dueAt, mailId)),
    expiresAtSeconds: Math.ceil((createdAt + KEPT_MS) / 1000),
    version,
  });
}
