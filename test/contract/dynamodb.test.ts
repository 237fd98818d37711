/**
 * The DynamoDB contract against the embedded one; with CLOUDMR_CONTRACT_DYNAMODB=ENDPOINT against another:
 * moto, minus what moto does wrong, or Amazon's own local engine.
 */
import t from 'tap';
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { MOTO_GAPS } from './dynamodb/moto-gaps.ts';
import { dynamodbSuite, type Target } from './dynamodb-suite.ts';
import { serveJson } from './helpers/json-server.ts';

const endpoint = process.env.CLOUDMR_CONTRACT_DYNAMODB;
await dynamodbSuite(t, endpoint ? await foreign(endpoint) : await embedded());

async function foreign(endpoint: string): Promise<Target> {
  const isMoto = await fetch(new URL('/moto-api/', endpoint)).then(
    ({ ok }) => ok,
    () => false,
  );
  return isMoto ? { name: `moto at ${endpoint}`, endpoint, gaps: MOTO_GAPS } : { name: endpoint, endpoint };
}

async function embedded(): Promise<Target> {
  const service = await createDynamoService({ dir: t.testdir(), clock: Date.now });
  const server = await serveJson(service);
  t.teardown(async () => {
    await server.close();
    await service.close();
  });
  return { name: 'the embedded DynamoDB', endpoint: server.endpoint };
}
