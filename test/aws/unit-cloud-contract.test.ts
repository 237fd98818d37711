/** Step Functions and S3 behind the port, and the account in memory that many tests use: one contract for both. */
import t from 'tap';
import { unitCloudSuite } from '../contract/unit-cloud-suite.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { memoryCloud } from '../helpers/memory-cloud.ts';
import { sampleUnit } from '../helpers/samples.ts';

t.test('the embedded cloud', async (t) => {
  const cloud = await startTestCloud(t);
  await unitCloudSuite(t, { cloud: cloud.unitCloud, unit: cloud.mode2, finish: () => undefined });
});

t.test('the account in memory', async (t) => {
  const cloud = memoryCloud(Date.now);
  await unitCloudSuite(t, {
    cloud,
    unit: sampleUnit(),
    finish(arn) {
      const execution = cloud.executions.get(arn);
      if (execution) cloud.executions.set(arn, { ...execution, status: 'SUCCEEDED', stoppedAt: Date.now() });
    },
  });
});
