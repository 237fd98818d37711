/** The S3 contract through the real gateway: every request and presigned URL signed, two accounts. */
import t from 'tap';
import { openCore } from '../../infra/local/core.ts';
import { createS3Service } from '../../infra/local/s3/service.ts';
import { createEnv } from './s3-env.ts';
import { runS3Contract } from './s3-suite.ts';

const dir = t.testdir();
const errors: unknown[] = [];
const reportError = (error: unknown) => void errors.push(error);
const core = await openCore({ dir, port: 0, clock: Date.now, reportError });
const service = await createS3Service({ dir, clock: Date.now, registry: core.registry, report: reportError });
core.services.s3 = service;
const env = createEnv({
  endpoint: core.endpoint,
  region: 'us-east-1',
  credentials: core.keys.rootCredentials('111111111111'),
  foreign: core.keys.rootCredentials('222222222222'),
});
t.teardown(async () => {
  env.close();
  await core.stopListening();
  await service.close();
  await core.close();
});

await runS3Contract(t, env);
t.same(errors, [], 'nothing failed inside');
