/**
 * The DynamoDB contract against the embedded one; with CLOUDMR_CONTRACT_DYNAMODB=ENDPOINT against another:
 * moto, minus what moto does wrong, or Amazon's own local engine.
 */
import { join } from 'node:path';
import t from 'tap';
import { startCloud } from '../../infra/local/cloud.ts';
import { MOTO_GAPS } from './dynamodb/moto-gaps.ts';
import { dynamodbSuite, type Target } from './dynamodb-suite.ts';

const endpoint = process.env.CLOUDMR_CONTRACT_DYNAMODB;
await dynamodbSuite(t, endpoint ? await foreign(endpoint) : await embedded());

async function foreign(endpoint: string): Promise<Target> {
  const isMoto = await fetch(new URL('/moto-api/', endpoint)).then(
    ({ ok }) => ok,
    () => false,
  );
  return isMoto ? { name: `moto at ${endpoint}`, endpoint, gaps: MOTO_GAPS } : { name: endpoint, endpoint };
}

/** The whole way: signatures, policies and the gateway are in between, as for the broker. */
async function embedded(): Promise<Target> {
  const cloud = await startCloud({ dir: t.testdir(), projectRoot: join(import.meta.dirname, '../..') });
  t.teardown(() => cloud.close());
  const credentials = cloud.rootCredentials('111122223333');
  return { name: 'the embedded cloud', endpoint: cloud.endpoint, credentials };
}
