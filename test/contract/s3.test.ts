/**
 * The S3 contract against the embedded service, or, when CLOUDMR_CONTRACT_S3 names one, against another endpoint
 * (moto_server: `CLOUDMR_CONTRACT_S3=http://127.0.0.1:5000 npx tap test/contract/s3.test.ts`).
 */
import t from 'tap';
import { createEnv } from './s3-env.ts';
import { SECRET, startTestServer } from './s3-server.ts';
import { runS3Contract } from './s3-suite.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIAHUB', secretAccessKey: SECRET };
const foreign = { accessKeyId: 'AKIALAB', secretAccessKey: SECRET };

/** What moto 5 does otherwise than S3 or the embedded S3, and why that is no defect here. */
const MOTO_DIFFERENCES: Record<string, string> = {};

const elsewhere = process.env['CLOUDMR_CONTRACT_S3'];

if (elsewhere) {
  const env = createEnv({ endpoint: elsewhere, region, credentials, foreign });
  t.teardown(() => env.close());
  await runS3Contract(t, env, MOTO_DIFFERENCES);
} else {
  const server = await startTestServer({ dir: t.testdir() });
  const env = createEnv({ endpoint: server.endpoint, region, credentials, foreign });
  t.teardown(async () => {
    env.close();
    await server.close();
  });
  await runS3Contract(t, env);
  t.same(server.faults, [], 'nothing failed inside');
}
