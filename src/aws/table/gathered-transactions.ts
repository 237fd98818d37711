/**
 * Small transactions, each alone while there are few, many in one call while there are many (group commit). Each keeps
 * its own conditions: where those of one do not hold, that one is told so and the others go again without it. What
 * came of a call that got no answer is found out for each by itself.
 */
import { randomUUID } from 'node:crypto';
import {
  type DynamoDBDocumentClient,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../errors.ts';
import type { Condition } from './conditions.ts';
import { failedConditions, isConflict, toStoreError } from './dynamo-errors.ts';
import type { Item } from './items.ts';
import type { Key } from './table.ts';
import { createTurns } from './turns.ts';

/** One operation of a transaction. */
export type Operation =
  | { readonly put: Item; readonly condition?: Condition }
  | { readonly remove: Key; readonly condition?: Condition };

/** `written`, or for each operation whether its condition failed. */
export type Outcome = 'written' | boolean[];

/** Operations of one call, DynamoDB's own limit, and characters of all bodies: it allows 4 MB. */
const MAX_OPERATIONS = 100;
const MAX_CHARACTERS = 1_000_000;

interface Wish {
  readonly operations: readonly Operation[];
  readonly names: readonly string[];
  readonly size: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface GatheredTransactionsDeps {
  readonly documents: DynamoDBDocumentClient;
  readonly tableName: string;
  /** Repeats a call that met a concurrent transaction; other errors become the broker's. */
  readonly patiently: <T>(call: () => Promise<T>) => Promise<T>;
  /** Whether this very write is what is stored now. */
  readonly happened: (item: Item) => Promise<boolean>;
}

/** Creates the transactions of one table: all or nothing for each. Throws AppError `unavailable`. */
export function createGatheredTransactions(
  deps: GatheredTransactionsDeps,
): (operations: readonly Operation[]) => Promise<Outcome> {
  const { documents, tableName, patiently, happened } = deps;
  let waiting: Wish[] = [];

  /** A new token per call: a call that met a conflict wrote nothing. The SDK's own tries of a call share it. */
  const send = (operations: readonly Operation[]): Promise<unknown> =>
    documents.send(
      new TransactWriteCommand({
        TransactItems: operations.map((operation) => transactItem(tableName, operation)),
        ClientRequestToken: randomUUID(),
      }),
    );

  async function alone({ operations, resolve, reject }: Wish): Promise<void> {
    try {
      await patiently(() => send(operations));
      resolve('written');
    } catch (error) {
      const failed = failedConditions(error);
      if (failed) resolve(failed);
      else await unanswered({ operations, resolve, reject }, error);
    }
  }

  /** The answer may have been lost after the effect. */
  async function unanswered(
    { operations, resolve, reject }: Pick<Wish, 'operations' | 'resolve' | 'reject'>,
    error: unknown,
  ): Promise<void> {
    try {
      const put = operations.find((operation) => 'put' in operation);
      if (isUnavailable(error) && put && (await happened(put.put))) resolve('written');
      else reject(error);
    } catch (worse) {
      reject(worse);
    }
  }

  async function together(wishes: readonly Wish[]): Promise<void> {
    try {
      await send(wishes.flatMap(({ operations }) => operations));
      for (const { resolve } of wishes) resolve('written');
    } catch (error) {
      const failed = failedConditions(error);
      const known = toStoreError(error);
      if (failed) apart(wishes, failed);
      else if (isUnavailable(known) && !isConflict(error))
        await Promise.all(wishes.map((wish) => unanswered(wish, known)));
      // Somebody else's write to an item of one, or one that DynamoDB refuses altogether: not the others' concern.
      else await Promise.all(wishes.map(alone));
    }
  }

  /** Tells those whose conditions did not hold; the others are next. */
  function apart(wishes: readonly Wish[], failed: readonly boolean[]): void {
    const again: Wish[] = [];
    let at = 0;
    for (const wish of wishes) {
      const own = failed.slice(at, at + wish.operations.length);
      at += wish.operations.length;
      if (own.includes(true)) wish.resolve(own);
      else again.push(wish);
    }
    waiting = [...again, ...waiting];
  }

  const plan = createTurns(
    () => waiting.length > 0,
    () => {
      const wishes = taken();
      return wishes.length === 1 ? alone(wishes[0]) : together(wishes);
    },
  );

  /** The first that waits, and all after it that fit into the same call; an item may be in it only once. */
  function taken(): Wish[] {
    const [wishes, rest, names]: [Wish[], Wish[], Set<string>] = [[], [], new Set()];
    let [operations, size] = [0, 0];
    for (const wish of waiting) {
      const fits =
        wishes.length === 0 ||
        (operations + wish.operations.length <= MAX_OPERATIONS &&
          size + wish.size <= MAX_CHARACTERS &&
          !wish.names.some((name) => names.has(name)));
      (fits ? wishes : rest).push(wish);
      // Who waits for an item stays in the order of coming.
      for (const name of wish.names) names.add(name);
      if (!fits) continue;
      operations += wish.operations.length;
      size += wish.size;
    }
    waiting = rest;
    return wishes;
  }

  return (operations) =>
    new Promise((resolve, reject) => {
      waiting.push({
        operations,
        names: operations.map((operation) => nameOf('put' in operation ? operation.put : operation.remove)),
        size: operations.reduce((sum, each) => sum + ('put' in each ? each.put.body.length : 0), 0),
        resolve,
        reject,
      });
      plan();
    });
}

function transactItem(
  TableName: string,
  operation: Operation,
): NonNullable<TransactWriteCommandInput['TransactItems']>[number] {
  if ('put' in operation) return { Put: { TableName, Item: operation.put, ...operation.condition } };
  const { pk, sk } = operation.remove;
  return { Delete: { TableName, Key: { pk, sk }, ...operation.condition } };
}

const nameOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`;

export function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'unavailable';
}
