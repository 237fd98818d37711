/** Buckets under a KMS key of one's own (KmsKeyArn): from the upload to the download, by the template's own grants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetBucketEncryptionCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import t from 'tap';
import { createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { signIn } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { deployMode2, newResearcher } from '../../infra/local/demo/units.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { BROKER_ROLE_NAME } from '../../infra/local/stacks/hub.ts';
import { mode2Names, mode2Stack } from '../../infra/local/stacks/mode2.ts';
import { ended, endpointOf, fileReference, submitReferences } from '../helpers/laptop.ts';

const KEY = `arn:aws:kms:${LOCAL_REGION}:${RESEARCHER_ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;
const BRAIN = join(import.meta.dirname, '../fixtures/raw/brain16.h5');
const STACK = 'mroptimum-mode2';

t.test(
  'a key of one’s own: the unit becomes ready, a job runs, and without the grant nothing is reached',
  async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-key-'));
    const broker = await startBroker({ dataDir });
    t.teardown(async () => {
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword ?? '');
    const researcher = await newResearcher(broker.url, admin, 'Correct-horse.7-battery');
    const endpoint = endpointOf(dataDir);
    const unit = await deployMode2(researcher, dataDir, endpoint, { kmsKeyArn: KEY });

    const job = await ended(
      researcher,
      await submitReferences(researcher, unit, { signal: await fileReference(researcher, BRAIN, unit) }),
    );
    t.equal(job.state, 'succeeded', job.failure?.message ?? '');
    await researcher.download(job.jobId, join(dataDir, 'result.zip'));

    const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
    const credentials = keys.rootCredentials(RESEARCHER_ACCOUNT);
    const s3 = new S3Client({ endpoint, region: LOCAL_REGION, forcePathStyle: true, credentials });
    t.teardown(() => s3.destroy());
    const { buckets } = mode2Names(STACK, RESEARCHER_ACCOUNT, LOCAL_REGION);
    const said = await s3.send(new GetBucketEncryptionCommand({ Bucket: buckets.results }));
    t.match(said.ServerSideEncryptionConfiguration?.Rules, [
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY },
        BucketKeyEnabled: true,
      },
    ]);

    // The same stack without the managed policy that grants the use of the key.
    const control = createControlClient({ endpoint, accountId: RESEARCHER_ACCOUNT, credentials });
    const options = {
      stackName: STACK,
      accountId: RESEARCHER_ACCOUNT,
      region: LOCAL_REGION,
      appId: 'mroptimum',
      corsOrigins: ['*'],
    };
    const listed = await researcher.call<{ computingUnits: { externalId: string }[] }>(
      'GET',
      '/api/computing-unit/list',
    );
    const [{ externalId }] = listed.computingUnits;
    const brokerRoleArn = `arn:aws:iam::${HUB_ACCOUNT}:role/${BROKER_ROLE_NAME}`;
    const stack = mode2Stack({ ...options, externalId, brokerRoleArn, kmsKeyArn: KEY });
    const ungranted = {
      ...stack,
      roles: stack.roles.map((role) => ({
        ...role,
        policies: role.policies.filter((policy) => !JSON.stringify(policy).includes('kms:')),
      })),
    };
    t.ok(JSON.stringify(stack.roles).includes('kms:'), 'the template grants it');
    await control.applyStack(ungranted);
    const { checks } = await researcher.call<{ checks: { code: string; status: string }[] }>(
      'POST',
      `/api/computing-unit/${unit.computingUnitId}/preflight`,
      {},
    );
    const failed = checks.filter(({ status }) => status === 'failed').map(({ code }) => code);
    t.same(failed, ['data_bucket', 'results_bucket', 'failed_bucket']);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: buckets.results }));
    t.ok(
      (await s3.send(new GetObjectCommand({ Bucket: buckets.results, Key: Contents[0].Key }))).Body,
      'the owner reads on',
    );
  },
);
