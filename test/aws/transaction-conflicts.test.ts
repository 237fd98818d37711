/**
 * Transactions that meet each other, as DynamoDB answers them. The embedded cloud runs one write at a time and
 * never has a conflict, so here a server says what DynamoDB would say, to the real SDK client.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { sampleJob } from '../helpers/samples.ts';

interface Answer {
  readonly error?: string;
  readonly reasons?: (string | undefined)[];
}

/** Gives the answers in order, then success; keeps what was asked. */
async function startServer(t: { teardown(fn: () => void): unknown }, answers: Answer[]) {
  const asked: { operation: string; input: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    asked.push({ operation, input: JSON.parse(body) });
    // Reading finds nothing and takes no answer.
    const answer = operation === 'GetItem' ? {} : (answers.shift() ?? {});
    const { error, reasons } = answer;
    response.writeHead(error ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(
      JSON.stringify(
        error
          ? {
              __type: `com.amazonaws.dynamodb.v20120810#${error}`,
              message: error,
              CancellationReasons: reasons?.map((Code = 'None') => ({ Code })),
            }
          : {},
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clients = createAwsClients({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret' }),
  });
  t.teardown(() => {
    clients.close();
    server.closeAllConnections();
    server.close();
  });
  const { documents } = clients;
  const log = createMemoryLog();
  const stores = createStores({ documents, tableName: 'x', cursorSecret: 's', clock: Date.now, log });
  return { asked, jobs: stores.jobs };
}

const KEY = { key: 'k', requestHash: 'h' };
const CONFLICT: Answer = {
  error: 'TransactionCanceledException',
  reasons: [undefined, 'TransactionConflict'],
};

t.test('a conflict wrote nothing: the transaction is tried again under a new token', async (t) => {
  const { asked, jobs } = await startServer(t, [CONFLICT, CONFLICT]);
  const job = sampleJob();
  t.same(await jobs.create(job, KEY), job);
  const tokens = asked.map(({ input }) => input['ClientRequestToken']);
  t.equal(tokens.length, 3);
  t.equal(new Set(tokens).size, 3);
});

t.test('a single write that meets a transaction is tried again too', async (t) => {
  const { asked, jobs } = await startServer(t, [{ error: 'TransactionConflictException' }]);
  t.equal(await jobs.replace(sampleJob({ version: 2 })), true);
  t.same(
    asked.map(({ operation }) => operation),
    ['PutItem', 'PutItem'],
  );
});

t.test('conflicts without end, and throttled transactions, are `unavailable`', async (t) => {
  const endless = await startServer(t, Array<Answer>(100).fill(CONFLICT));
  await t.rejects(endless.jobs.create(sampleJob(), KEY), { code: 'unavailable' });
  t.ok(endless.asked.length < 20, 'tries are bounded');
  const throttled = await startServer(
    t,
    Array<Answer>(100).fill({
      error: 'TransactionCanceledException',
      reasons: ['ThrottlingError', undefined],
    }),
  );
  await t.rejects(throttled.jobs.create(sampleJob(), KEY), { code: 'unavailable' });
});

t.test('a transaction that DynamoDB finds wrong is a defect, not an outage', async (t) => {
  const reasons = ['ValidationError', undefined];
  const { jobs } = await startServer(t, [{ error: 'TransactionCanceledException', reasons }]);
  await t.rejects(jobs.create(sampleJob(), KEY), { name: 'TransactionCanceledException' });
});
