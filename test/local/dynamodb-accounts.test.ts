/** Tables belong to an account and a region, and every operation asks for the permission that AWS asks for. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { AwsError } from '../../infra/local/contract.ts';
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { BROKER_TABLE, failure } from '../contract/dynamodb/cases.ts';
import { serveJson } from '../contract/helpers/json-server.ts';

const HUB = '111111111111';
const LAB = '222222222222';
const asked: string[] = [];
let denied: string | undefined;

const service = await createDynamoService({ dir: t.testdir(), clock: Date.now });
const server = await serveJson(service, (_account, action, resource) => {
  asked.push(`${action} ${resource}`);
  if (action === denied) throw new AwsError('AccessDeniedException', `not authorized to perform: ${action}`);
});
t.teardown(async () => {
  await server.close();
  await service.close();
});

function clients(accessKeyId: string, region = 'us-east-1') {
  const credentials = { accessKeyId, secretAccessKey: 'not-checked-here' };
  const client = new DynamoDBClient({ endpoint: server.endpoint, region, credentials });
  t.teardown(() => client.destroy());
  return { client, documents: DynamoDBDocumentClient.from(client) };
}

const TableName = 'cloudmr';
const hub = clients(HUB);
const lab = clients(LAB);
const elsewhere = clients(HUB, 'eu-central-1');
const Key = { pk: 'a', sk: '1' };

t.test('two accounts and two regions may have a table of one name and never meet', async (t) => {
  for (const { client } of [hub, lab, elsewhere]) {
    await client.send(new CreateTableCommand({ TableName, ...BROKER_TABLE }));
  }
  const owners = [hub, lab, elsewhere];
  for (const [i, { documents }] of owners.entries()) {
    await documents.send(new PutCommand({ TableName, Item: { ...Key, i, gsi1pk: 'g', gsi1sk: '1' } }));
  }
  for (const [i, { documents }] of owners.entries()) {
    const { Item } = await documents.send(new GetCommand({ TableName, Key }));
    t.equal(Item?.i, i);
    const { Items } = await documents.send(
      new QueryCommand({
        TableName,
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :g',
        ExpressionAttributeValues: { ':g': 'g' },
      }),
    );
    t.same(
      Items?.map((item) => item.i),
      [i],
    );
  }
  const arns = await Promise.all(
    owners.map(async ({ client }) => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      return [Table?.TableArn, ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexArn }) => IndexArn)];
    }),
  );
  t.equal(arns[0][0], `arn:aws:dynamodb:us-east-1:${HUB}:table/cloudmr`);
  t.equal(arns[1][1], `arn:aws:dynamodb:us-east-1:${LAB}:table/cloudmr/index/gsi1`);
  t.equal(arns[2][0], `arn:aws:dynamodb:eu-central-1:${HUB}:table/cloudmr`);

  await lab.client.send(new DeleteTableCommand({ TableName }));
  t.same((await lab.client.send(new ListTablesCommand())).TableNames, []);
  t.same((await hub.client.send(new ListTablesCommand())).TableNames, [TableName]);
  t.equal((await hub.documents.send(new GetCommand({ TableName, Key }))).Item?.i, 0);
});

t.test('every operation asks for its action on its resource', async (t) => {
  const { client, documents } = hub;
  const table = `arn:aws:dynamodb:us-east-1:${HUB}:table/cloudmr`;
  const member = { TableName, Key };
  const update = { UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': 1 } };
  const byPk = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'a' } };
  const byIndex = { KeyConditionExpression: 'gsi1pk = :p', ExpressionAttributeValues: { ':p': 'a' } };
  const requests: [() => Promise<unknown>, string[]][] = [
    [() => documents.send(new GetCommand(member)), [`dynamodb:GetItem ${table}`]],
    [() => documents.send(new PutCommand({ TableName, Item: Key })), [`dynamodb:PutItem ${table}`]],
    [() => documents.send(new UpdateCommand({ ...member, ...update })), [`dynamodb:UpdateItem ${table}`]],
    [() => documents.send(new DeleteCommand(member)), [`dynamodb:DeleteItem ${table}`]],
    [() => documents.send(new QueryCommand({ TableName, ...byPk })), [`dynamodb:Query ${table}`]],
    [
      () => documents.send(new QueryCommand({ TableName, IndexName: 'gsi1', ...byIndex })),
      [`dynamodb:Query ${table}/index/gsi1`],
    ],
    [() => documents.send(new ScanCommand({ TableName, Limit: 1 })), [`dynamodb:Scan ${table}`]],
    [
      () => documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [Key] } } })),
      [`dynamodb:BatchGetItem ${table}`],
    ],
    [
      () =>
        documents.send(
          new BatchWriteCommand({ RequestItems: { [TableName]: [{ DeleteRequest: { Key } }] } }),
        ),
      [`dynamodb:BatchWriteItem ${table}`],
    ],
    [
      () =>
        documents.send(
          new TransactWriteCommand({
            TransactItems: [
              { Put: { TableName, Item: { pk: 't', sk: '1' } } },
              { Update: { TableName, Key: { pk: 't', sk: '2' }, ...update } },
              { Delete: { TableName, Key: { pk: 't', sk: '3' } } },
              {
                ConditionCheck: {
                  TableName,
                  Key: { pk: 't', sk: '4' },
                  ConditionExpression: 'attribute_not_exists(pk)',
                },
              },
            ],
          }),
        ),
      ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'].map(
        (name) => `dynamodb:${name} ${table}`,
      ),
    ],
    [
      () => documents.send(new TransactGetCommand({ TransactItems: [{ Get: member }] })),
      [`dynamodb:GetItem ${table}`],
    ],
    [() => client.send(new DescribeTableCommand({ TableName })), [`dynamodb:DescribeTable ${table}`]],
    [() => client.send(new ListTablesCommand()), ['dynamodb:ListTables *']],
    [
      () =>
        client.send(
          new UpdateTimeToLiveCommand({
            TableName,
            TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
          }),
        ),
      [`dynamodb:UpdateTimeToLive ${table}`],
    ],
    [
      () => client.send(new CreateTableCommand({ TableName: 'cloudmr-2', ...BROKER_TABLE })),
      [`dynamodb:CreateTable ${table}-2`],
    ],
    [
      () => client.send(new DeleteTableCommand({ TableName: 'cloudmr-2' })),
      [`dynamodb:DeleteTable ${table}-2`],
    ],
  ];
  for (const [request, permissions] of requests) {
    asked.length = 0;
    await request();
    t.same(asked, permissions);
  }
});

t.test('one denied member stops a transaction before anything is written', async (t) => {
  denied = 'dynamodb:DeleteItem';
  t.teardown(() => {
    denied = undefined;
  });
  const error = await failure(
    hub.documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName, Item: { pk: 'denied', sk: '1' } } },
          { Delete: { TableName, Key: { pk: 'denied', sk: '2' } } },
        ],
      }),
    ),
  );
  t.equal(error.name, 'AccessDeniedException');
  const { Item } = await hub.documents.send(new GetCommand({ TableName, Key: { pk: 'denied', sk: '1' } }));
  t.equal(Item, undefined);
});

t.test('permission comes before existence: a stranger does not learn which tables there are', async (t) => {
  denied = 'dynamodb:GetItem';
  t.teardown(() => {
    denied = undefined;
  });
  const error = await failure(hub.documents.send(new GetCommand({ TableName: 'no-such-table', Key })));
  t.equal(error.name, 'AccessDeniedException');
});
