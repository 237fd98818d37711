/** The process that dynamodb-crash.soak.ts kills: the embedded DynamoDB on the folder of its argument. */
import { createDynamoService } from '../../infra/local/dynamodb/service.ts';
import { serveJson } from '../contract/helpers/json-server.ts';

const service = await createDynamoService({ dir: process.argv[2], clock: Date.now });
const { endpoint } = await serveJson(service);
process.stdout.write(`${endpoint}\n`);
