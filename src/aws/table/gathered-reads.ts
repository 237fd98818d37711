/**
 * Strongly consistent reads, each alone while there are few, many in one call while there are many: what comes while
 * calls are under way waits for one of them to end, and goes in one BatchGetItem. Whoever wants an item that already
 * waits to be asked for shares its answer. A read always begins after it was asked for, so nothing is ever older than
 * it would have been alone.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { toStoreError } from './dynamo-errors.ts';
import type { Key } from './table.ts';
import { createTurns } from './turns.ts';

/** An item as it is stored; undefined if there is none. */
export type RawItem = Readonly<Record<string, unknown>> | undefined;

/** Keys of one call, DynamoDB's own limit. */
const MAX_KEYS = 100;
/** Answers that leave keys out without bringing any; longer pauses each time. */
const MAX_EMPTY = 5;
const PAUSE_MS = 20;

interface Wish {
  readonly key: Key;
  readonly answer: Promise<RawItem>;
  readonly resolve: (item: RawItem) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates the reads of one table. Throws AppError `unavailable` if the table does not answer. */
export function createGatheredReads(
  documents: DynamoDBDocumentClient,
  TableName: string,
): (key: Key) => Promise<RawItem> {
  const waiting = new Map<string, Wish>();
  /** The permission to gather came later than all others: a stack of before does not give it. */
  let mayGather = true;

  async function alone({ pk, sk }: Key): Promise<RawItem> {
    const { Item } = await documents.send(
      new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }),
    );
    return Item;
  }

  /** All of them; the call is repeated for what an answer leaves out. */
  async function together(wishes: readonly Wish[]): Promise<void> {
    const open = new Map(wishes.map((wish) => [nameOf(wish.key), wish]));
    for (let empty = 0; ; ) {
      const Keys = [...open.values()].map(({ key: { pk, sk } }) => ({ pk, sk }));
      const { Responses, UnprocessedKeys } = await documents.send(
        new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
      );
      const left = new Set(UnprocessedKeys?.[TableName]?.Keys?.map((key) => nameOf(key as unknown as Key)));
      const items = new Map(Responses?.[TableName]?.map((item) => [nameOf(item as unknown as Key), item]));
      for (const [name, { resolve }] of open) {
        if (left.has(name)) continue;
        resolve(items.get(name));
        open.delete(name);
      }
      if (open.size === 0) return;
      empty = items.size > 0 ? 0 : empty + 1;
      if (empty > MAX_EMPTY) throw Object.assign(new Error('throttled'), { name: 'ThrottlingException' });
      await pause(empty * PAUSE_MS);
    }
  }

  async function ask(wishes: readonly Wish[]): Promise<void> {
    try {
      if (wishes.length > 1 && mayGather) await together(wishes);
      else await Promise.all(wishes.map(async ({ key, resolve }) => resolve(await alone(key))));
    } catch (error) {
      if (
        mayGather &&
        wishes.length > 1 &&
        error instanceof Error &&
        error.name === 'AccessDeniedException'
      ) {
        mayGather = false;
        await ask(wishes);
      } else for (const { reject } of wishes) reject(toStoreError(error));
    }
  }

  const plan = createTurns(
    () => waiting.size > 0,
    () => {
      const wishes = [...waiting.values()].slice(0, MAX_KEYS);
      for (const { key } of wishes) waiting.delete(nameOf(key));
      return ask(wishes);
    },
  );

  return (key) => {
    const name = nameOf(key);
    const known = waiting.get(name);
    if (known) return known.answer;
    let settle: Pick<Wish, 'resolve' | 'reject'> | undefined;
    const answer = new Promise<RawItem>((resolve, reject) => {
      settle = { resolve, reject };
    });
    waiting.set(name, { key, answer, ...(settle as unknown as Pick<Wish, 'resolve' | 'reject'>) });
    plan();
    return answer;
  };
}

const nameOf = ({ pk, sk }: Pick<Key, 'pk' | 'sk'>): string => `${pk}\n${sk}`;
