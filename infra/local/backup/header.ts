/** The first line of a backup: what it is, readable by people and by every later release. */
import { z } from 'zod';
import { BackupError } from './backup-error.ts';

const FORMAT = 'cloudmr-backup';
/** Of the file, not of the items in it. */
const VERSION = 1;
const MAX_LINE = 4_096;

export const backupHeader = z.object({
  /** Of the items: a broker reads those of its own generation and of older ones. */
  generation: z.number().int(),
  release: z.string(),
  createdAt: z.string(),
  objects: z.boolean(),
  /** Made while the broker ran. */
  running: z.boolean(),
});
export type BackupHeader = z.infer<typeof backupHeader>;

export function headerLine(header: BackupHeader): Buffer {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, ...header })}\n`);
}

/** Takes the first line off a stream. Throws BackupError backup_foreign or backup_newer. */
export async function takeHeader(
  stream: AsyncIterable<Buffer>,
): Promise<{ header: BackupHeader; first: Buffer; rest: AsyncGenerator<Buffer> }> {
  const source = stream[Symbol.asyncIterator]();
  let seen: Buffer = Buffer.alloc(0);
  let end = -1;
  while (end === -1 && seen.length < MAX_LINE) {
    const { value, done } = await source.next();
    if (done) break;
    seen = Buffer.concat([seen, value]);
    end = seen.indexOf('\n');
  }
  const first = seen.subarray(0, end + 1);
  const known = jsonOf(first.toString('utf8')) as { format?: unknown; version?: unknown } | undefined;
  if (end === -1 || known?.format !== FORMAT) throw new BackupError('backup_foreign');
  if (typeof known.version === 'number' && known.version > VERSION) throw new BackupError('backup_newer');
  const header = backupHeader.safeParse(known);
  if (!header.success) throw new BackupError('backup_corrupt');
  async function* rest(): AsyncGenerator<Buffer> {
    yield seen.subarray(end + 1);
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  return { header: header.data, first, rest: rest() };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one more form that is foreign.
    return undefined;
  }
}
