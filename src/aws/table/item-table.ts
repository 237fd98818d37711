/** Reading and writing items: the only code that calls DynamoDB. Throws AppError `unavailable` if it cannot. */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Log, Page } from '../../../services/ports.ts';
import { type Condition, ofWrite } from './conditions.ts';
import type { Cursors, StartKey } from './cursor.ts';
import { failedConditions, isConflict, toStoreError } from './dynamo-errors.ts';
import { createGatheredReads } from './gathered-reads.ts';
import {
  createGatheredTransactions,
  isUnavailable,
  type Operation,
  type Outcome,
} from './gathered-transactions.ts';
import { fromItem, type Item, type Kind } from './items.ts';
import type { IndexKeys, Key } from './table.ts';

/** A list: a partition of an index, or of the table itself if `index` is left out. Newest first. */
export interface List {
  readonly index?: 'gsi1';
  readonly partition: string;
}

export interface ItemTable {
  /** Strongly consistent. */
  read<T>(kind: Kind<T>, key: Key): Promise<T | undefined>;
  /** True if written; false if the condition does not hold (and it was not this write that changed it). */
  write(item: Item, condition?: Condition): Promise<boolean>;
  remove(key: Key): Promise<void>;
  /** Removes an item and answers it; undefined if there was none (or somebody else took it). */
  take<T>(kind: Kind<T>, key: Key): Promise<T | undefined>;
  /** All or nothing. `written`, or for each operation whether its condition failed. */
  transact(operations: readonly Operation[]): Promise<Outcome>;
  /** At most `limit` values (1 to MAX_PAGE); unreadable items are logged and left out. */
  page<T>(kind: Kind<T>, list: List, options: PageOptions): Promise<Page<T>>;
  /**
   * Moves an item to another place of gsi2, or out of it, and leaves all else as it is, whatever it is: also items
   * that this broker cannot read. False if there is no such item, or it was changed meanwhile.
   */
  reindex(key: Key, place: Pick<IndexKeys, 'gsi2pk' | 'gsi2sk'>): Promise<boolean>;
  /** Keys of gsi2 below `before`, smallest first. */
  openKeys(partition: string, before: string, limit: number): Promise<string[]>;
}

export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
  /** Sort keys of the list, both ends included. */
  readonly between?: readonly [low: string, high: string];
  /** Shows every write that was answered before; of the table itself only. Costs twice as much. */
  readonly consistent?: boolean;
}

export interface ItemTableDeps {
  readonly documents: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly cursors: Cursors;
  readonly log: Log;
}

/** Largest page of any list. */
export const MAX_PAGE = 200;
/** Rounds against concurrent transactions on the same items: about 1.5 s in all. */
const CONFLICT_ROUNDS = 12;
/** Pauses double from 10 ms up to this, each times 0.5 to 1.5. */
const LONGEST_PAUSE_MS = 200;
/** A write that was refused learns whose write it met, without another read. */
const ReturnValuesOnConditionCheckFailure = 'ALL_OLD';

/** Creates the access to one table. */
export function createItemTable({ documents, tableName, cursors, log }: ItemTableDeps): ItemTable {
  const TableName = tableName;

  const rawRead = createGatheredReads(documents, TableName);

  /** After an answer that never came: true if the write had happened. */
  async function happened(item: Item): Promise<boolean> {
    return (await rawRead(item))?.['writeId'] === item.writeId;
  }

  const transact = createGatheredTransactions({ documents, tableName, patiently, happened });

  return {
    async read(kind, key) {
      const item = await rawRead(key);
      return item && fromItem(kind, item);
    },

    async write(item, condition) {
      try {
        const put = { TableName, Item: item, ...condition, ReturnValuesOnConditionCheckFailure } as const;
        await patiently(() => documents.send(new PutCommand(put)));
        return true;
      } catch (error) {
        // The SDK tries again after a time-out: then the condition fails because the first try succeeded.
        if (error instanceof ConditionalCheckFailedException) {
          return error.Item?.['writeId']?.S === item.writeId;
        }
        if (isUnavailable(error) && (await happened(item))) return true;
        throw error;
      }
    },

    async remove(key) {
      await patiently(() => documents.send(new DeleteCommand({ TableName, Key: keyOf(key) })));
    },

    async take(kind, key) {
      const { Attributes } = await patiently(() =>
        documents.send(new DeleteCommand({ TableName, Key: keyOf(key), ReturnValues: 'ALL_OLD' })),
      );
      return Attributes && fromItem(kind, Attributes);
    },

    transact,

    async page(kind, list, { limit, cursor, between, consistent }) {
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE);
      const name = `${list.index ?? 'table'}\n${list.partition}`;
      const range = between && { ':low': between[0], ':high': between[1] };
      const { Items = [], LastEvaluatedKey } = await patiently(() =>
        documents.send(
          new QueryCommand({
            TableName,
            IndexName: list.index,
            ConsistentRead: consistent,
            KeyConditionExpression: range ? '#pk = :pk AND #sk BETWEEN :low AND :high' : '#pk = :pk',
            ExpressionAttributeNames: {
              '#pk': `${list.index ?? ''}pk`,
              ...(range && { '#sk': `${list.index ?? ''}sk` }),
            },
            ExpressionAttributeValues: { ':pk': list.partition, ...range },
            ScanIndexForward: false,
            // One more than wanted tells whether there is another page.
            Limit: wanted + 1,
            ExclusiveStartKey: cursor === undefined ? undefined : cursors.open(name, cursor),
          }),
        ),
      );
      const shown = Items.slice(0, wanted);
      // DynamoDB also ends a page at 1 MB.
      const last = Items.length > wanted ? startKeyOf(shown[wanted - 1], list) : LastEvaluatedKey;
      return {
        items: shown.flatMap((item) => readable(kind, item)),
        cursor: last && cursors.seal(name, last as StartKey),
      };
    },

    async reindex(key, { gsi2pk, gsi2sk }) {
      const stored = await rawRead(key);
      if (!stored) return false;
      const Item = { ...stored, gsi2pk, gsi2sk };
      try {
        await patiently(() =>
          documents.send(new PutCommand({ TableName, Item, ...ofWrite(stored['writeId']) })),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    async openKeys(partition, before, limit) {
      const { Items = [] } = await patiently(() =>
        documents.send(
          new QueryCommand({
            TableName,
            IndexName: 'gsi2',
            KeyConditionExpression: 'gsi2pk = :pk AND gsi2sk < :before',
            ExpressionAttributeValues: { ':pk': partition, ':before': before },
            ProjectionExpression: 'gsi2sk',
            Limit: limit,
          }),
        ),
      );
      return Items.map((item) => String(item['gsi2sk']));
    },
  };

  function readable<T>(kind: Kind<T>, item: Record<string, unknown>): T[] {
    try {
      return [fromItem(kind, item)];
    } catch (error) {
      log.error({ err: error, pk: item['pk'], sk: item['sk'] }, 'an unreadable item was left out of a list');
      return [];
    }
  }
}

/** Repeats a call that met a concurrent transaction; other errors become the broker's. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await call();
    } catch (error) {
      if (failedConditions(error)) throw error;
      if (!isConflict(error) || round === CONFLICT_ROUNDS) throw toStoreError(error);
      await pause(Math.min(5 * 2 ** round, LONGEST_PAUSE_MS) * (0.5 + randomInt(1000) / 1000));
    }
  }
}

/** A DynamoDB key has exactly the key attributes. */
function keyOf({ pk, sk }: Key): Record<string, string> {
  return { pk, sk };
}

function startKeyOf(item: Record<string, unknown>, list: List): StartKey {
  const names = list.index ? ['pk', 'sk', `${list.index}pk`, `${list.index}sk`] : ['pk', 'sk'];
  return Object.fromEntries(names.map((name) => [name, String(item[name])]));
}
