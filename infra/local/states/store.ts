/**
 * Executions on disk (LevelDB). Every write is one synced batch: after a crash the store holds a state that
 * the execution was in.
 *
 *   x|EXECUTION            the execution          r|EXECUTION   present while it runs
 *   f|EXECUTION|PATH       a frame (frame.ts)     h|EXECUTION|ID   a history event
 *   l|MACHINE|STATUS|START|NAME   listing by status and, with status ALL, of everything
 *   c|STOP|EXECUTION       closed executions by age     d|HASH   definition text
 */
import { createHash } from 'node:crypto';
import { ClassicLevel } from 'classic-level';
import type { AnyLevel } from '../backup/vault.ts';
import type { Frame } from './frame.ts';

export type Status = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface ExecutionRecord {
  arn: string;
  machineArn: string;
  name: string;
  status: Status;
  /** Epoch ms. */
  startDate: number;
  stopDate?: number;
  /** JSON text exactly as given. */
  input: string;
  output?: string;
  error?: string;
  cause?: string;
  roleArn: string;
  /** Key of the definition that the execution started with; a later stack update does not change it. */
  definition: string;
}

/** A history event as GetExecutionHistory answers it (`timestamp` in epoch seconds). */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  timestamp: number;
  type: string;
  [details: string]: unknown;
}

export type Write = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** A page of history ends when it grows beyond this, characters of JSON. */
const MAX_PAGE = 1024 * 1024;

/** Step Functions forgets closed executions, and frees their names, after 90 days. */
export const RETENTION_MS = 90 * 24 * 3600 * 1000;

const put = (key: string, value: unknown): Write => ({ type: 'put', key, value: JSON.stringify(value) });
const del = (key: string): Write => ({ type: 'del', key });
const time = (epochMs: number): string => String(Math.trunc(epochMs)).padStart(15, '0');
/** The range of all keys that start with `prefix|`. */
const under = (prefix: string) => ({ gte: `${prefix}|`, lt: `${prefix}}` });
const listing = (record: ExecutionRecord, status: Status | 'ALL'): string =>
  `l|${record.machineArn}|${status}|${time(record.startDate)}|${record.name}`;

export const frameKey = (arn: string, path: string): string => `f|${arn}|${path}`;
export const eventWrite = (arn: string, event: HistoryEvent): Write =>
  put(`h|${arn}|${String(event.id).padStart(6, '0')}`, event);

/** Writes that make a running execution exist. */
export function startWrites(record: ExecutionRecord, definitionText: string): Write[] {
  return [
    put(`x|${record.arn}`, record),
    put(`r|${record.arn}`, ''),
    put(listing(record, 'ALL'), ''),
    put(listing(record, 'RUNNING'), ''),
    put(`d|${record.definition}`, definitionText),
  ];
}

/** Writes that close an execution; `record` carries its final status and stop date. */
export function closeWrites(record: ExecutionRecord): Write[] {
  return [
    put(`x|${record.arn}`, record),
    del(`r|${record.arn}`),
    del(listing(record, 'RUNNING')),
    put(listing(record, record.status), ''),
    put(`c|${time(record.stopDate ?? 0)}|${record.arn}`, ''),
  ];
}

export function definitionKey(definitionText: string): string {
  return createHash('sha256').update(definitionText).digest('hex');
}

export type Store = Awaited<ReturnType<typeof openStore>>;

/** Opens (or makes) the store in `location`, a directory of its own. */
export async function openStore(location: string, onOpen?: (level: AnyLevel) => void) {
  const db = new ClassicLevel<string, string>(location);
  await db.open();
  onOpen?.(db);
  const read = async <T>(key: string): Promise<T | undefined> => {
    const text = await db.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const keysUnder = async (prefix: string): Promise<string[]> => db.keys(under(prefix)).all();

  /** Everything about an execution, its definition excepted. */
  async function erasure(record: ExecutionRecord): Promise<Write[]> {
    const keys = [...(await keysUnder(`h|${record.arn}`)), ...(await keysUnder(`f|${record.arn}`))];
    keys.push(`x|${record.arn}`, `r|${record.arn}`, listing(record, 'ALL'), listing(record, record.status));
    if (record.stopDate !== undefined) keys.push(`c|${time(record.stopDate)}|${record.arn}`);
    return keys.map(del);
  }

  return {
    write: (writes: Write[]): Promise<void> => db.batch(writes, { sync: true }),
    execution: (arn: string) => read<ExecutionRecord>(`x|${arn}`),
    definition: (key: string) => read<string>(`d|${key}`),
    erasure,

    /** ARNs of all executions that have not ended. */
    async running(): Promise<string[]> {
      return (await keysUnder('r')).map((key) => key.slice(2));
    },

    /** Frames of a running execution by their path. */
    async frames(arn: string): Promise<Map<string, Frame>> {
      const entries = await db.iterator(under(`f|${arn}`)).all();
      return new Map(
        entries.map(([key, value]) => [key.slice(frameKey(arn, '').length), JSON.parse(value) as Frame]),
      );
    },

    async lastEventId(arn: string): Promise<number> {
      const [key] = await db.keys({ ...under(`h|${arn}`), reverse: true, limit: 1 }).all();
      return key ? Number(key.slice(-6)) : 0;
    },

    /**
     * Up to `limit` events (and about 1 MiB) after or, in reverse, before the event `from`; `more` tells
     * whether others follow.
     */
    async events(
      arn: string,
      from: number | undefined,
      limit: number,
      reverse: boolean,
    ): Promise<{ events: HistoryEvent[]; more: boolean }> {
      const { gte, lt } = under(`h|${arn}`);
      const bound = `h|${arn}|${String(from).padStart(6, '0')}`;
      const range = from === undefined ? { gte, lt } : reverse ? { gte, lt: bound } : { gt: bound, lt };
      const events: HistoryEvent[] = [];
      let characters = 0;
      for await (const value of db.values({ ...range, reverse })) {
        if (events.length === limit || characters > MAX_PAGE) return { events, more: true };
        characters += value.length;
        events.push(JSON.parse(value) as HistoryEvent);
      }
      return { events, more: false };
    },

    /** Names of a machine's executions, newest first, with the position to continue from. */
    async list(
      machineArn: string,
      status: Status | undefined,
      before: string | undefined,
      limit: number,
    ): Promise<{ name: string; position: string }[]> {
      const prefix = `l|${machineArn}|${status ?? 'ALL'}`;
      const range = before === undefined ? under(prefix) : { gte: `${prefix}|`, lt: `${prefix}|${before}` };
      const keys = await db.keys({ ...range, reverse: true, limit }).all();
      return keys.map((key) => {
        const position = key.slice(prefix.length + 1);
        return { name: position.slice(position.indexOf('|') + 1), position };
      });
    },

    /** Removes executions that closed before `epochMs`. */
    async purge(epochMs: number): Promise<void> {
      for await (const key of db.keys({ gte: 'c|', lt: `c|${time(epochMs)}` })) {
        const record = await read<ExecutionRecord>(`x|${key.slice(2 + 15 + 1)}`);
        await db.batch(record ? await erasure(record) : [del(key)], { sync: true });
      }
    },

    close: (): Promise<void> => db.close(),
  };
}
