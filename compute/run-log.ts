/** The log of a run, in the shape that result viewers know: info.json `headers.log`. */

export type LogType = 'start' | 'procedure' | 'warning' | 'ERROR' | 'END';

export interface LogEntry {
  /** dd/mm/YYYY, HH:MM:SS, in UTC. */
  readonly when: string;
  readonly what: string;
  readonly type: LogType;
  readonly settings?: unknown;
}

export interface RunLog {
  readonly entries: readonly LogEntry[];
  add(type: LogType, what: string, settings?: unknown): void;
}

/** A log that takes the time from `clock` (epoch ms). */
export function createRunLog(clock: () => number): RunLog {
  const entries: LogEntry[] = [];
  return {
    entries,
    add(type, what, settings) {
      const entry = { when: written(clock()), what, type };
      entries.push(settings === undefined ? entry : { ...entry, settings });
    },
  };
}

function written(epochMs: number): string {
  const [date, time] = new Date(epochMs).toISOString().split('T');
  return `${date.split('-').reverse().join('/')}, ${time.slice(0, 8)}`;
}
