/** TransactWriteItems and TransactGetItems: all or nothing, at one point in time. */
import { createHash } from 'node:crypto';
import { AwsError, type ServiceContext } from '../contract.ts';
import { type CapacityMode, createCapacityCounter } from './capacity.ts';
import { authorizedTable, type Deps, type Operation } from './context.ts';
import { invalid, isAwsError } from './errors.ts';
import { type GetRequest, readItem } from './items.ts';
import { checkRequest } from './requests.ts';
import type { Latest } from './store.ts';
import { findToken, useToken } from './tokens.ts';
import { type Item, itemSize } from './values.ts';
import {
  type Decision,
  decide,
  prepareWrite,
  type Write,
  type WriteKind,
  type WriteRequest,
} from './writes.ts';

type Member = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

interface TransactWriteRequest {
  TransactItems: Partial<Record<Member, WriteRequest>>[];
  ClientRequestToken?: string;
  ReturnConsumedCapacity?: CapacityMode;
}
interface TransactGetRequest {
  TransactItems: { Get?: GetRequest }[];
  ReturnConsumedCapacity?: CapacityMode;
}
interface CancellationReason {
  Code: 'None' | 'ConditionalCheckFailed' | 'ValidationError';
  Message?: string;
  Item?: Item;
}

const KINDS: Record<Member, { kind: WriteKind; action: string }> = {
  Put: { kind: 'put', action: 'PutItem' },
  Update: { kind: 'update', action: 'UpdateItem' },
  Delete: { kind: 'delete', action: 'DeleteItem' },
  ConditionCheck: { kind: 'check', action: 'ConditionCheckItem' },
};
/** Of all items together, bytes. */
const MAX_BYTES = 4 << 20;
/** A transaction prepares and commits: Amazon counts it twice. */
const FACTOR = 2;

export const transactWriteItems: Operation = async (deps, input, context) => {
  const { ClientRequestToken: token, ...request } = checkRequest<TransactWriteRequest>(
    'TransactWriteItems',
    input,
  );
  // Before the values are made canonical: a repeated call has the same bytes.
  const digest = createHash('sha256').update(JSON.stringify(request.TransactItems)).digest('base64');
  const writes = request.TransactItems.map((member) => prepareMember(deps, member, context));
  if (new Set(writes.map(({ key }) => key)).size < writes.length) {
    throw invalid('Transaction request cannot include multiple operations on one item');
  }
  const { decisions } = await deps.store.transact((latest) => {
    const at = deps.clock();
    const used = token === undefined ? undefined : findToken(latest, context, token, at);
    if (used) {
      if (used.digest === digest) return { decisions: [], changes: [] };
      throw new AwsError(
        'IdempotentParameterMismatchException',
        'request parameters do not match previous request with the same token',
      );
    }
    const decisions = decideAll(latest, writes);
    const changes = decisions.flatMap((decision) => decision.changes);
    if (token !== undefined) changes.push(useToken(context, token, { digest, at }));
    return { decisions, changes };
  });
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  for (const [i, decision] of decisions.entries()) capacity.write(writes[i].table, decision, FACTOR);
  return { ConsumedCapacity: capacity.list() };
};

export const transactGetItems: Operation = (deps, input, context) => {
  const request = checkRequest<TransactGetRequest>('TransactGetItems', input);
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  // No await below: all items are read at one point in time.
  const items = request.TransactItems.map(({ Get }) => {
    if (!Get) throw invalid('Each member of TransactItems needs a Get');
    const table = authorizedTable(deps, context, 'GetItem', Get.TableName);
    return readItem(deps, table, { ...Get, ConsistentRead: true }, capacity, FACTOR);
  });
  checkSize(items);
  return {
    Responses: items.map((Item) => (Item ? { Item } : {})),
    ConsumedCapacity: capacity.list(),
  };
};

function prepareMember(
  deps: Deps,
  member: Partial<Record<Member, WriteRequest>>,
  context: ServiceContext,
): Write {
  const [name, ...others] = Object.keys(member) as Member[];
  if (name === undefined || others.length > 0) {
    throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const request = member[name]!;
  const { kind, action } = KINDS[name];
  if (name === 'ConditionCheck' && request.ConditionExpression === undefined) {
    throw invalid('The ConditionExpression of a ConditionCheck must not be null');
  }
  if (name === 'Update' && request.UpdateExpression === undefined) {
    throw invalid('The UpdateExpression of an Update must not be null');
  }
  return prepareWrite(kind, authorizedTable(deps, context, action, request.TableName), request);
}

/** Throws TransactionCanceledException with a reason for each write if any of them cannot be done. */
function decideAll(latest: Latest, writes: readonly Write[]): Decision[] {
  const decisions: Decision[] = [];
  const reasons = writes.map((write): CancellationReason => {
    try {
      decisions.push(decide(latest, write));
      return { Code: 'None' };
    } catch (error) {
      return reasonOf(error);
    }
  });
  if (decisions.length < writes.length) throw cancelled(reasons);
  checkSize(decisions.map(({ after, before }) => after ?? before));
  return decisions;
}

function reasonOf(error: unknown): CancellationReason {
  if (isAwsError(error, 'ConditionalCheckFailedException')) {
    const { Item } = error.extra as { Item?: Item };
    return { Code: 'ConditionalCheckFailed', Message: error.message, ...(Item && { Item }) };
  }
  if (isAwsError(error, 'ValidationException')) return { Code: 'ValidationError', Message: error.message };
  throw error;
}

function cancelled(CancellationReasons: CancellationReason[]): AwsError {
  const codes = CancellationReasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  // The API has this one message with a capital letter.
  return new AwsError('TransactionCanceledException', message, 400, {
    CancellationReasons,
    Message: message,
  });
}

function checkSize(items: readonly (Item | undefined)[]): void {
  const bytes = items.reduce((sum, item) => sum + (item ? itemSize(item) : 0), 0);
  if (bytes > MAX_BYTES) throw invalid('Transaction size cannot exceed 4 MB');
}
