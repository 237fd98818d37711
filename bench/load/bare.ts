/**
 * The floor of bench:load: a process that does with the bare SDK client what a submit does in DynamoDB (one
 * transaction of a job and its idempotency key, both conditional), for as many seconds as it is told.
 */
import { randomUUID } from 'node:crypto';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createBaseCredentials } from '../../src/aws/credentials.ts';
import type { BenchPlace } from '../drill/place.ts';

const [place, TableName] = JSON.parse(process.argv[2]) as [BenchPlace, string];
const credentials = createBaseCredentials(place.credentials, Date.now);
const { documents } = createAwsClients({ region: place.region, endpoint: place.endpoint, credentials });

interface Wish {
  readonly seconds: number;
  readonly lanes: number;
  /** Characters of the job item. */
  readonly bodySize: number;
}

/** Transactions per second of wall time, and per second of this process's CPU. */
async function measure({
  seconds,
  lanes,
  bodySize,
}: Wish): Promise<{ perSecond: number; perCpuSecond: number }> {
  const body = 'x'.repeat(bodySize);
  const until = performance.now() + seconds * 1_000;
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  let count = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      await documents.send(transaction(randomUUID(), body));
      count++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  return { perSecond: (1_000 * count) / (performance.now() - began), perCpuSecond: count / cpuSeconds };
}

function transaction(id: string, body: string): TransactWriteCommand {
  const ConditionExpression = 'attribute_not_exists(pk)';
  const now = String(Date.now()).padStart(15, '0');
  const index = {
    gsi1pk: 'OWNER#bare#JOB',
    gsi1sk: `${now}#${id}`,
    gsi2pk: 'BARE#0',
    gsi2sk: `${now}#${id}`,
  };
  const common = { schema: 1, writeId: id };
  const job = { pk: `BARE#${id}`, sk: 'JOB', ...index, ...common, kind: 'job', version: 1, body };
  const key = { pk: `BAREKEY#${id}`, sk: 'IDEM', ...common, kind: 'idempotency-key', body: '{"jobId":"x"}' };
  return new TransactWriteCommand({
    ClientRequestToken: id,
    TransactItems: [job, key].map((Item) => ({ Put: { TableName, Item, ConditionExpression } })),
  });
}

process.once('disconnect', () => process.exit(0));
process.on('message', (wish: Wish) => {
  void measure(wish).then((answer) => process.send?.(answer));
});
process.send?.({ ready: true });
