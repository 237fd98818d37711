/** Tables: life, indexes that come later, time to live. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTablesCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { active, BROKER_TABLE, type Case, failure, makeTable, type World } from './cases.ts';

const SIMPLE: Omit<CreateTableCommandInput, 'TableName'> = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const ADD_INDEX = {
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' as const },
    { AttributeName: 'colour', AttributeType: 'S' as const },
  ],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: 'by-colour',
        KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' as const }],
        Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['n'] },
      },
    },
  ],
};

async function byColour({ documents }: World, TableName: string, colour: string) {
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: 'by-colour',
      KeyConditionExpression: 'colour = :c',
      ExpressionAttributeValues: { ':c': colour },
    }),
  );
  return Items;
}

export const tableCases: Case[] = [
  {
    name: 'a table is made, described, refused a second time, deleted',
    async run(t, world) {
      const { client } = world;
      const TableName = world.fresh('life');
      await makeTable(client, { TableName, ...BROKER_TABLE });
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      t.match(Table, {
        TableName,
        TableStatus: 'ACTIVE',
        TableArn: /^arn:aws:dynamodb:us-east-1:\d{12}:table\/life-/,
        KeySchema: BROKER_TABLE.KeySchema,
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      });
      t.type(Table?.CreationDateTime, Date);
      t.same(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).sort(), ['gsi1', 'gsi2']);
      const again = await failure(client.send(new CreateTableCommand({ TableName, ...BROKER_TABLE })));
      t.equal(again.name, 'ResourceInUseException');
      await client.send(new DeleteTableCommand({ TableName }));
      for (;;) {
        const gone = await client
          .send(new DescribeTableCommand({ TableName }))
          .catch((error: Error) => error.name);
        if (gone === 'ResourceNotFoundException') break;
        await sleep(20);
      }
      await makeTable(client, { TableName, ...BROKER_TABLE });
      const { Items } = await world.documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': 'x' },
        }),
      );
      t.same(Items, [], 'the table made again is empty');
    },
  },
  {
    name: 'wrong tables are refused',
    async run(t, { client, fresh }) {
      const wrong: Partial<CreateTableCommandInput>[] = [
        { TableName: 'x' },
        { TableName: 'no spaces' },
        { KeySchema: [{ AttributeName: 'id', KeyType: 'RANGE' }] },
        { KeySchema: [{ AttributeName: 'undefined', KeyType: 'HASH' }] },
        {
          AttributeDefinitions: [
            ...SIMPLE.AttributeDefinitions!,
            { AttributeName: 'unused', AttributeType: 'S' },
          ],
        },
        { BillingMode: 'PROVISIONED' },
      ];
      for (const part of wrong) {
        const work = client.send(new CreateTableCommand({ TableName: fresh('wrong'), ...SIMPLE, ...part }));
        t.equal((await failure(work)).name, 'ValidationException', JSON.stringify(part));
      }
    },
  },
  {
    name: 'tables are listed in pages',
    async run(t, { client, fresh }) {
      const names = [1, 2, 3].map((i) => fresh(`list-${i}`));
      for (const TableName of names) await makeTable(client, { TableName, ...SIMPLE });
      const listed: string[] = [];
      let ExclusiveStartTableName: string | undefined;
      do {
        const page = await client.send(new ListTablesCommand({ Limit: 2, ExclusiveStartTableName }));
        listed.push(...(page.TableNames ?? []));
        ExclusiveStartTableName = page.LastEvaluatedTableName;
      } while (ExclusiveStartTableName);
      t.same(
        names.filter((name) => !listed.includes(name)),
        [],
      );
      t.equal(new Set(listed).size, listed.length);
    },
  },
  {
    name: 'an index added later has the items from before and after, and can be deleted',
    async run(t, world) {
      const { client, documents } = world;
      const TableName = world.fresh('backfill');
      await makeTable(client, { TableName, ...SIMPLE });
      const Item = (i: number) => ({ id: `i${i}`, colour: i % 2 ? 'red' : 'blue', n: i, hidden: true });
      const requests = Array.from({ length: 20 }, (_, i) => ({ PutRequest: { Item: Item(i) } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }));
      await documents.send(new PutCommand({ TableName, Item: { id: 'misfit', colour: 7 } }));
      await client.send(new UpdateTableCommand({ TableName, ...ADD_INDEX }));
      await active(client, TableName);
      await documents.send(new PutCommand({ TableName, Item: Item(21) }));
      const red = await byColour(world, TableName, 'red');
      t.same(
        red.map(({ n }) => n).sort((a, b) => a - b),
        [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21],
      );
      t.same(Object.keys(red[0]).sort(), ['colour', 'id', 'n']);
      const again = await failure(client.send(new UpdateTableCommand({ TableName, ...ADD_INDEX })));
      t.equal(again.name, 'ValidationException');
      const GlobalSecondaryIndexUpdates = [{ Delete: { IndexName: 'by-colour' } }];
      await client.send(new UpdateTableCommand({ TableName, GlobalSecondaryIndexUpdates }));
      for (;;) {
        const { Table } = await client.send(new DescribeTableCommand({ TableName }));
        if (!Table?.GlobalSecondaryIndexes?.length) break;
        await sleep(20);
      }
      t.equal((await failure(byColour(world, TableName, 'red'))).name, 'ValidationException');
    },
  },
  {
    name: 'time to live is switched on and off',
    async run(t, { client, fresh }) {
      const TableName = fresh('ttl');
      await makeTable(client, { TableName, ...SIMPLE });
      const describe = async () =>
        (await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
      t.match(await describe(), { TimeToLiveStatus: 'DISABLED' });
      const on = { TableName, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true } };
      await client.send(new UpdateTimeToLiveCommand(on));
      for (;;) {
        const description = await describe();
        if (description?.TimeToLiveStatus !== 'ENABLING') break;
        await sleep(20);
      }
      t.match(await describe(), { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
      t.equal((await failure(client.send(new UpdateTimeToLiveCommand(on)))).name, 'ValidationException');
    },
  },
];
