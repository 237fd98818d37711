/**
 * The DynamoDB contract against the embedded one; with CLOUDMR_CONTRACT_DYNAMODB=ENDPOINT against another
 * (moto, or Amazon's own local engine), with CLOUDMR_CONTRACT_DYNAMODB_IS=moto minus what moto does wrong.
 */
import t from 'tap';
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { dynamodbSuite } from './dynamodb-suite.ts';
import { serveJson } from './helpers/json-server.ts';

const endpoint = process.env.CLOUDMR_CONTRACT_DYNAMODB;
if (endpoint) {
  await dynamodbSuite(t, { name: endpoint, endpoint });
} else {
  const service = await createDynamoService({ dir: t.testdir(), clock: Date.now });
  const server = await serveJson(service);
  t.teardown(async () => {
    await server.close();
    await service.close();
  });
  await dynamodbSuite(t, { name: 'the embedded DynamoDB', endpoint: server.endpoint });
}
