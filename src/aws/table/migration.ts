/**
 * Brings stored items to the form that this release writes. Brokers upgrade what they read anyway; after a migration
 * nothing of an older form is left, so that a later release may forget how it was read. Every write is conditional on
 * the very write that was read: brokers go on meanwhile, and theirs wins.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { ofWrite } from './conditions.ts';
import { type Kind, migrated } from './items.ts';

type Stored = Record<string, unknown>;

export interface MigrationProgress {
  readonly scanned: number;
  /** Written in the form of this release; in a dry run: that would be. */
  readonly upgraded: number;
  /** In this form already. */
  readonly current: number;
  /** Of a newer release: left alone. */
  readonly newer: number;
  /** Of a kind that this release does not know, or damaged: left alone, by their keys. */
  readonly unreadable: number;
  /** Where to go on; undefined at the end. */
  readonly cursor: string | undefined;
}

export interface MigrationDeps {
  documents: DynamoDBDocumentClient;
  tableName: string;
  kinds: readonly Kind<unknown>[];
  /** Waits so many milliseconds. */
  pause: (ms: number) => Promise<unknown>;
  clock: () => number;
  /** Told of items that are left alone. */
  leftAlone: (key: string, why: string) => void;
}

export interface MigrationOptions {
  readonly dryRun: boolean;
  /** Items looked at in a second, at most. */
  readonly perSecond: number;
  /** `cursor` of an interrupted run. */
  readonly from?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MigrationProgress) => void;
}

const PAGE = 100;
/** Against brokers that change the same item at the same time. */
const ROUNDS = 5;
const position = z.object({ pk: z.string(), sk: z.string() });

/** Creates the migration of one table. */
export function createMigration(deps: MigrationDeps) {
  const { documents, tableName: TableName, pause, clock, leftAlone } = deps;
  const kinds = new Map(deps.kinds.map((kind) => [kind.name, kind]));
  type Outcome = 'upgraded' | 'current' | 'newer' | 'unreadable';

  async function one(found: Stored, dryRun: boolean): Promise<Outcome> {
    let item: Stored | undefined = found;
    for (let round = 0; round < ROUNDS && item; round++) {
      const next = outcomeOf(item);
      if (typeof next === 'string' || dryRun) return typeof next === 'string' ? next : 'upgraded';
      try {
        await documents.send(new PutCommand({ TableName, Item: next, ...ofWrite(item['writeId']) }));
        return 'upgraded';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const Key: Stored = { pk: item['pk'], sk: item['sk'] };
        item = (await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
      }
    }
    // Gone, or changed again and again by brokers, who write the newest form.
    return 'current';
  }

  /** The item as it is to be written, or why it is not. */
  function outcomeOf(item: Stored): Stored | Exclude<Outcome, 'upgraded'> {
    const key = `${String(item['pk'])} ${String(item['sk'])}`;
    const kind = kinds.get(String(item['kind']));
    if (!kind) {
      leftAlone(key, `no kind ${String(item['kind'])}`);
      return 'unreadable';
    }
    try {
      return migrated(kind, item) ?? 'current';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      leftAlone(key, error.message);
      return error.code === 'unavailable' ? 'newer' : 'unreadable';
    }
  }

  return {
    /** Goes through the table. Throws AppError invalid_request for a cursor that is none, and what AWS throws. */
    async run(options: MigrationOptions): Promise<MigrationProgress> {
      const { dryRun, perSecond, signal, onProgress } = options;
      const counts = { scanned: 0, upgraded: 0, current: 0, newer: 0, unreadable: 0 };
      let cursor = options.from;
      do {
        const begun = clock();
        const { Items = [], LastEvaluatedKey } = await documents.send(
          new ScanCommand({
            TableName,
            Limit: Math.min(PAGE, Math.max(1, perSecond)),
            ConsistentRead: true,
            ExclusiveStartKey: cursor === undefined ? undefined : opened(cursor),
          }),
        );
        for (const item of Items) {
          counts[await one(item, dryRun)]++;
          counts.scanned++;
        }
        cursor = LastEvaluatedKey && Buffer.from(JSON.stringify(LastEvaluatedKey)).toString('base64url');
        onProgress?.({ ...counts, cursor });
        const restMs = (Items.length / perSecond) * 1000 - (clock() - begun);
        if (cursor !== undefined && restMs > 0) await pause(restMs);
      } while (cursor !== undefined && !signal?.aborted);
      return { ...counts, cursor };
    },
  };
}

function opened(cursor: string): z.infer<typeof position> {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new AppError('invalid_request', 'the cursor is not one that an interrupted migration has printed');
  }
}
