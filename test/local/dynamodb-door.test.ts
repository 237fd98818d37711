/** What comes in is checked: unknown things are refused by name, hostile ones quickly and without a crash. */

import t from 'tap';
import { AwsError } from '../../infra/local/contract.ts';
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { rootContext } from '../contract/helpers/root-context.ts';
import { fc } from '../helpers/fast-check.ts';

const TableName = 'things';
const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' }];
const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' }];
const definition = { TableName, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' };
const Key = { id: { S: 'a' } };

const service = await createDynamoService({ dir: t.testdir(), clock: Date.now });
t.teardown(() => service.close());
const call = (operation: string, input: Record<string, unknown>) =>
  service.call(operation, input, rootContext()) as Promise<Record<string, unknown>>;
const refusal = (operation: string, input: Record<string, unknown>): Promise<AwsError> =>
  call(operation, input).then(
    () => {
      throw new Error(`${operation} was accepted: ${JSON.stringify(input).slice(0, 200)}`);
    },
    (error) => error,
  );
await call('CreateTable', { ...definition });

t.test('what is not emulated is refused by name', async (t) => {
  const stream = { StreamSpecification: { StreamEnabled: true } };
  const local = { LocalSecondaryIndexes: [] };
  const refused: [operation: string, input: Record<string, unknown>, name: string][] = [
    ['ExecuteStatement', {}, 'PartiQL (ExecuteStatement)'],
    ['ExecuteTransaction', {}, 'PartiQL (ExecuteTransaction)'],
    ['CreateBackup', {}, "DynamoDB's CreateBackup"],
    ['toString', {}, "DynamoDB's toString"],
    ['CreateTable', { ...definition, ...stream }, 'CreateTable with StreamSpecification'],
    ['CreateTable', { ...definition, ...local }, 'CreateTable with LocalSecondaryIndexes'],
    ['PutItem', { TableName, Item: Key, Expected: {} }, 'PutItem with Expected'],
    ['Query', { TableName, KeyConditions: {} }, 'Query with KeyConditions'],
    ['UpdateItem', { TableName, Key, AttributeUpdates: {} }, 'UpdateItem with AttributeUpdates'],
    [
      'BatchGetItem',
      { RequestItems: { [TableName]: { Keys: [Key], AttributesToGet: ['id'] } } },
      'BatchGetItem with AttributesToGet',
    ],
    [
      'TransactWriteItems',
      { TransactItems: [{ Put: { TableName, Item: Key, ReturnValues: 'ALL_OLD' } }] },
      'TransactWriteItems with ReturnValues',
    ],
  ];
  for (const [operation, input, name] of refused) {
    t.match(await refusal(operation, input), {
      code: 'NotImplementedLocally',
      statusCode: 501,
      message: `The embedded cloud does not emulate ${name}.`,
    });
  }
});

t.test('attributes that are names of Object.prototype are ordinary, __proto__ is refused', async (t) => {
  const Item = { ...Key, constructor: { S: 'c' }, hasOwnProperty: { N: '1' } };
  await call('PutItem', { TableName, Item });
  const found = await call('GetItem', {
    TableName,
    Key,
    ProjectionExpression: '#c, hasOwnProperty, toString',
    ExpressionAttributeNames: { '#c': 'constructor' },
  });
  t.same(found.Item, { constructor: { S: 'c' }, hasOwnProperty: { N: '1' } });
  const names = { ExpressionAttributeNames: { '#p': '__proto__' }, UpdateExpression: 'REMOVE #p' };
  t.equal((await refusal('UpdateItem', { TableName, Key, ...names })).code, 'NotImplementedLocally');
  const hostile = JSON.parse('{"id":{"S":"a"},"m":{"M":{"__proto__":{"M":{"polluted":{"S":"yes"}}}}}}');
  t.equal((await refusal('PutItem', { TableName, Item: hostile })).code, 'NotImplementedLocally');
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test('values nest 32 levels deep and no deeper', async (t) => {
  const nested = (depth: number): unknown =>
    JSON.parse(`${'{"L":['.repeat(depth)}{"S":"x"}${']}'.repeat(depth)}`);
  await call('PutItem', { TableName, Item: { ...Key, deep: nested(32) } });
  for (const depth of [33, 40, 5_000]) {
    const error = await refusal('PutItem', { TableName, Item: { ...Key, deep: nested(depth) } });
    t.match(error, { code: 'ValidationException', message: /Nesting Levels/ });
  }
  const deeper = {
    UpdateExpression: 'SET deep = list_append(:l, deep)',
    ExpressionAttributeValues: { ':l': { L: [nested(32)] } },
  };
  t.equal((await refusal('UpdateItem', { TableName, Key, ...deeper })).code, 'ValidationException');
});

t.test('hostile expressions are refused at once', async (t) => {
  const values = { ExpressionAttributeValues: { ':v': { N: '1' } } };
  const conditions = [
    `${'NOT ('.repeat(600)}a = :v${')'.repeat(600)}`,
    `${'NOT '.repeat(900)}a = :v`,
    `${'('.repeat(1500)}a = :v${')'.repeat(1500)}`,
    `${'a = :v AND '.repeat(370)}a = :v`,
    `a${'.b'.repeat(1000)} = :v`,
    `a[99999999999999999999] = :v`,
    'a = :v '.repeat(2000),
    '('.repeat(4000),
  ];
  const start = performance.now();
  for (const ConditionExpression of conditions) {
    const error = await refusal('PutItem', { TableName, Item: Key, ConditionExpression, ...values });
    t.equal(error.code, 'ValidationException', ConditionExpression.slice(0, 20));
  }
  const UpdateExpression = `SET a = ${'if_not_exists(a, '.repeat(200)}:v${')'.repeat(200)}`;
  t.equal(
    (await refusal('UpdateItem', { TableName, Key, UpdateExpression, ...values })).code,
    'ValidationException',
  );
  // Only what grows exponentially takes so long, on whatever machine.
  t.ok(performance.now() - start < 20_000);
  const fine = `${'NOT ('.repeat(20)}attribute_exists(id)${')'.repeat(20)}`;
  await call('PutItem', { TableName, Item: Key, ConditionExpression: fine });
});

t.test('keys that are no UTF-8 are refused', async (t) => {
  t.equal(
    (await refusal('PutItem', { TableName, Item: { id: { S: 'half \ud83e' } } })).code,
    'ValidationException',
  );
});

t.test('whatever comes in, the answer is one or an error of AWS', async () => {
  const word = fc.constantFrom(
    'TableName',
    'Key',
    'Item',
    'S',
    'N',
    'L',
    'M',
    'id',
    'things',
    'NULL',
    'B',
    'SS',
    'a',
    '#a',
    ':v',
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      word,
      fc.constantFrom(null, true, 0, -1, 1.5, '', '1', [], {}),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const operation = fc.constantFrom(
    'CreateTable',
    'UpdateTable',
    'UpdateTimeToLive',
    'PutItem',
    'UpdateItem',
    'DeleteItem',
    'GetItem',
    'Query',
    'Scan',
    'BatchGetItem',
    'BatchWriteItem',
    'TransactWriteItems',
    'TransactGetItems',
    'ListTables',
  );
  const parameter = fc.constantFrom(
    'Item',
    'Key',
    'RequestItems',
    'TransactItems',
    'ConditionExpression',
    'UpdateExpression',
    'KeyConditionExpression',
    'ProjectionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ExclusiveStartKey',
    'Limit',
    'Segment',
    'TotalSegments',
    'TimeToLiveSpecification',
    'GlobalSecondaryIndexUpdates',
    'GlobalSecondaryIndexes',
    'KeySchema',
  );
  const input = fc.dictionary(parameter, json, { maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(operation, input, async (name, parameters) => {
      try {
        await call(name, { TableName, ...(JSON.parse(JSON.stringify(parameters)) as object) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
      }
    }),
    { numRuns: 3_000, seed: 7 },
  );
});
