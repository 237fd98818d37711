/** Query and Scan, on tables and indexes. */
import type { ServiceContext } from '../contract.ts';
import { type CapacityMode, createCapacityCounter } from './capacity.ts';
import { arnOf } from './catalog.ts';
import type { Deps, Input, Operation } from './context.ts';
import { storedKey } from './entries.ts';
import { invalid, invalidParameter } from './errors.ts';
import { satisfies } from './expressions/evaluate.ts';
import { type ExpressionRequest, type Expressions, readExpressions } from './expressions/read.ts';
import { indexKey, itemKey, type KeyRange, primaryOf, queryRange, segmentRange, spaceRange } from './keys.ts';
import { checkFilter, checkProjected } from './query-checks.ts';
import { checkRequest } from './requests.ts';
import { keyAttributes } from './schema.ts';
import type { PageOptions } from './store.ts';
import { type Index, keyNames, keyOf, pick, projectedNames, type Table } from './table.ts';
import { type Item, itemSize } from './values.ts';
import { checkValues } from './writes.ts';

interface ReadRequest extends ExpressionRequest {
  TableName: string;
  IndexName?: string;
  Select?: 'ALL_ATTRIBUTES' | 'ALL_PROJECTED_ATTRIBUTES' | 'SPECIFIC_ATTRIBUTES' | 'COUNT';
  Limit?: number;
  ExclusiveStartKey?: Item;
  ConsistentRead?: boolean;
  ReturnConsumedCapacity?: CapacityMode;
}
interface QueryRequest extends ReadRequest {
  ScanIndexForward?: boolean;
}
interface ScanRequest extends ReadRequest {
  Segment?: number;
  TotalSegments?: number;
}

/** What a read goes over. */
interface Target {
  readonly table: Table;
  readonly index?: Index;
}

const PAGE_BYTES = 1 << 20;
const FIRST_PAGE = 100;
const MAX_SEGMENTS = 1_000_000;

export const query: Operation = async (deps, input, context) => {
  const { request, target } = openRead<QueryRequest>(deps, 'Query', input, context);
  if (request.KeyConditionExpression === undefined) {
    throw invalid(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const keyed = target.index ?? target.table;
  const expressions = readExpressions(request, keyed);
  checkFilter(expressions.filter, keyNames(keyed));
  const range = queryRange(keyed, expressions.keyCondition!);
  return read(deps, target, request, expressions, range, request.ScanIndexForward === false);
};

export const scan: Operation = async (deps, input, context) => {
  const { request, target } = openRead<ScanRequest>(deps, 'Scan', input, context);
  const { Segment, TotalSegments } = request;
  if ((Segment === undefined) !== (TotalSegments === undefined)) {
    throw invalid('Segment and TotalSegments are required together');
  }
  if (TotalSegments !== undefined && (TotalSegments > MAX_SEGMENTS || Segment! >= TotalSegments)) {
    throw invalid(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${Segment} is not less than TotalSegments: ${TotalSegments}`,
    );
  }
  const { id } = target.index ?? target.table;
  const range = TotalSegments === undefined ? spaceRange(id) : segmentRange(id, Segment!, TotalSegments);
  return read(deps, target, request, readExpressions(request), range, false);
};

function openRead<T extends ReadRequest>(
  deps: Deps,
  operation: string,
  input: Input,
  context: ServiceContext,
): { request: T; target: Target } {
  const request = checkRequest<T>(operation, input);
  const { TableName, IndexName, ConsistentRead, Select, ProjectionExpression } = request;
  // The resource of a read from an index is the index, not the table.
  const suffix = IndexName === undefined ? '' : `/index/${IndexName}`;
  context.authorize(`dynamodb:${operation}`, arnOf(context, TableName) + suffix);
  const table = deps.catalog.get(context, TableName);
  const index = IndexName === undefined ? undefined : activeIndex(table, IndexName);
  if (index && ConsistentRead) {
    throw invalid('Consistent reads are not supported on global secondary indexes');
  }
  if (Select === 'ALL_PROJECTED_ATTRIBUTES' && !index) {
    throw invalidParameter('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  if (Select === 'ALL_ATTRIBUTES' && index && index.projection.ProjectionType !== 'ALL') {
    throw invalidParameter(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
  }
  if ((Select === 'SPECIFIC_ATTRIBUTES') !== (ProjectionExpression !== undefined) && Select !== undefined) {
    const what = ProjectionExpression === undefined ? 'Must' : 'Cannot';
    throw invalid(`${what} specify the ProjectionExpression when choosing to get ${Select}`);
  }
  return { request, target: { table, index } };
}

function activeIndex(table: Table, name: string): Index {
  const index = table.indexes.find((candidate) => candidate.name === name);
  if (!index) throw invalid(`The table does not have the specified index: ${name}`);
  if (index.status === 'ACTIVE') return index;
  throw invalid(`Cannot read from backfilling global secondary index: ${name}`);
}

/** Reads one page: until `Limit` items or 1 MB have been looked at, or the range ends. */
async function read(
  deps: Deps,
  target: Target,
  request: ReadRequest,
  { filter, projection }: Expressions,
  range: KeyRange,
  reverse: boolean,
): Promise<unknown> {
  const { table, index } = target;
  const { Limit = Number.POSITIVE_INFINITY, Select, ExclusiveStartKey, ConsistentRead = false } = request;
  const projected = index && projectedNames(table, index);
  checkProjected(index, projected, projection?.heads());
  const bounds = startAt(target, range, reverse, ExclusiveStartKey);
  const items: Item[] = [];
  let scanned = 0;
  let size = 0;
  let last: Item | undefined;
  for await (const item of entries(deps, target, bounds, Math.min(Limit, FIRST_PAGE))) {
    const visible = projected ? pick(item, projected) : item;
    scanned++;
    size += itemSize(visible);
    if (!filter || satisfies(filter, visible)) items.push(projection ? projection.project(visible) : visible);
    if (scanned >= Limit || size >= PAGE_BYTES) {
      last = keyOf(item, table, index);
      break;
    }
  }
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  capacity.read(table, size, ConsistentRead, { index });
  return {
    Items: Select === 'COUNT' ? undefined : items,
    Count: items.length,
    ScannedCount: scanned,
    LastEvaluatedKey: last,
    ConsumedCapacity: capacity.list()?.[0],
  };
}

/** The items of a range; those of an index are looked up as they were when the read began. */
async function* entries(
  { store }: Deps,
  { table, index }: Target,
  range: PageOptions,
  size: number,
): AsyncGenerator<Item> {
  const prefix = index ? index.id.length + 1 : 0;
  const pages = index
    ? store.resolved({
        ...range,
        size,
        resolve: (key) => storedKey(table, primaryOf(index, key.slice(prefix))),
      })
    : store.pages({ ...range, size, values: true });
  for await (const page of pages) {
    for (const [, stored] of page) if (stored !== undefined) yield JSON.parse(stored) as Item;
  }
}

/** The rest of a range after `startKey`. Throws ValidationException if that is no key of the range. */
function startAt(
  { table, index }: Target,
  { gte, lt }: KeyRange,
  reverse: boolean,
  startKey: Item | undefined,
): PageOptions {
  if (!startKey) return { gte, lt, reverse };
  checkValues(startKey);
  const names = new Map(
    [...keyAttributes(table), ...(index ? keyAttributes(index) : [])].map((at) => [at.name, at]),
  );
  const fits =
    Object.keys(startKey).length === names.size &&
    [...names.values()].every(({ name, type }) => Object.hasOwn(startKey, name) && startKey[name][type]);
  if (!fits) throw invalid('The provided starting key is invalid');
  const primary = itemKey(table, startKey);
  const key = index ? `${index.id}!${indexKey(index, startKey, primary)}` : storedKey(table, primary);
  const bytes = Buffer.from(key);
  if (bytes.compare(Buffer.from(gte)) < 0 || bytes.compare(Buffer.from(lt)) >= 0) {
    throw invalid('The provided starting key is outside query boundaries based on provided conditions');
  }
  return reverse ? { gte, lt: key, reverse } : { gt: key, lt, reverse };
}
