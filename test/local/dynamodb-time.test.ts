/** Time to live and transaction tokens follow the injected clock. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import t from 'tap';
import tables from '../../infra/broker/tables.json' with { type: 'json' };
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { rootContext } from '../contract/helpers/root-context.ts';

/** The parts of answers that are looked at here. */
interface Answer {
  Items: Record<string, { S: string }>[];
  Item: Record<string, AttributeValue>;
  TimeToLiveDescription: { TimeToLiveStatus: string };
}

const { TimeToLiveSpecification, ...definition } = tables.cloudmr;
const TableName = 'cloudmr';
const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
let now = START;

const service = await createDynamoService({ dir: t.testdir(), clock: () => now });
t.teardown(() => service.close());
const call = (operation: string, input: Record<string, unknown>) =>
  service.call(operation, { TableName, ...input }, rootContext()) as Promise<Answer>;
const put = (pk: string, expiresAtSeconds?: string, more = {}) => {
  const expires = expiresAtSeconds === undefined ? {} : { expiresAtSeconds: { N: expiresAtSeconds } };
  return call('PutItem', { Item: { pk: { S: pk }, sk: { S: '1' }, ...expires, ...more } });
};
const there = async (): Promise<string[]> => {
  const { Items } = await call('Scan', {});
  return Items.map(({ pk }) => pk.S).sort();
};
const seconds = (ms: number): string => String(Math.floor(ms / 1000));

await call('CreateTable', definition);

t.test('items from before time to live was switched on expire too', async (t) => {
  await put('old', seconds(START + MINUTE));
  await put('forever');
  await call('UpdateTimeToLive', { TimeToLiveSpecification });
  while ((await call('DescribeTimeToLive', {})).TimeToLiveDescription.TimeToLiveStatus !== 'ENABLED') {
    await new Promise(setImmediate);
  }
  t.same(await there(), ['forever', 'old']);
  now += 3 * MINUTE;
  t.same(await there(), ['forever']);
});

t.test('what has expired goes, with its index entries; what was prolonged stays', async (t) => {
  const index = (sk: string) => ({ gsi1pk: { S: 'g' }, gsi1sk: { S: sk } });
  await put('short', seconds(now + 2 * MINUTE), index('short'));
  await put('prolonged', seconds(now + 2 * MINUTE), index('prolonged'));
  await put('fraction', `${seconds(now + 2 * MINUTE)}.5`);
  await put('text', undefined, { expiresAtSeconds: { S: seconds(now) } });
  await put('ancient', seconds(now - 6 * 365 * 86_400_000));
  await call('UpdateItem', {
    Key: { pk: { S: 'prolonged' }, sk: { S: '1' } },
    UpdateExpression: 'SET expiresAtSeconds = :later',
    ExpressionAttributeValues: { ':later': { N: seconds(now + 60 * MINUTE) } },
  });
  const all = ['ancient', 'forever', 'fraction', 'prolonged', 'short', 'text'];
  t.same(await there(), all);
  now += 2 * MINUTE;
  t.same(await there(), all, 'not before its second has passed');
  now += MINUTE;
  t.same(await there(), ['ancient', 'forever', 'prolonged', 'text']);
  const { Items } = await call('Query', {
    IndexName: 'gsi1',
    KeyConditionExpression: 'gsi1pk = :g',
    ExpressionAttributeValues: { ':g': { S: 'g' } },
  });
  t.same(
    Items.map(({ gsi1sk }) => gsi1sk.S),
    ['prolonged'],
  );
});

t.test('switched off, nothing expires', async (t) => {
  await call('UpdateTimeToLive', {
    TimeToLiveSpecification: { ...TimeToLiveSpecification, Enabled: false },
  });
  now += 120 * MINUTE;
  t.ok((await there()).includes('prolonged'));
});

t.test('a client request token is good for ten minutes', async (t) => {
  const add = () =>
    service.call(
      'TransactWriteItems',
      {
        ClientRequestToken: 'token',
        TransactItems: [
          {
            Update: {
              TableName,
              Key: { pk: { S: 'sum' }, sk: { S: '1' } },
              UpdateExpression: 'ADD n :one',
              ExpressionAttributeValues: { ':one': { N: '1' } },
            },
          },
        ],
      },
      rootContext(),
    );
  const sum = async () => (await call('GetItem', { Key: { pk: { S: 'sum' }, sk: { S: '1' } } })).Item.n.N;
  now = Date.UTC(2026, 0, 2, 12, 9, 59); // the last second of a window of tokens
  await add();
  now += 2_000;
  await add();
  t.equal(await sum(), '1');
  now += 9.5 * MINUTE;
  await add();
  t.equal(await sum(), '1');
  now += MINUTE;
  await add();
  t.equal(await sum(), '2');
});
