/** A log that keeps what was written, for tests that look at it. */
import type { Log } from '../../services/ports.ts';

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export interface MemoryLog extends Log {
  readonly entries: LogEntry[];
}

/** Creates an empty log. */
export function createMemoryLog(): MemoryLog {
  const entries: LogEntry[] = [];
  const keep =
    (level: LogEntry['level']) =>
    (fields: Record<string, unknown>, message: string): void => {
      entries.push({ level, message, fields });
    };
  return { entries, info: keep('info'), warn: keep('warn'), error: keep('error') };
}
