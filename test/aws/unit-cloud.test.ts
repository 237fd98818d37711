/** Units' accounts through the real SDK clients: executions and objects in both modes. */

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { executionArn, jobLocations } from '../../services/jobs/naming.ts';
import type { JobDocument } from '../../src/schemas/execution.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { unitCloud, mode1, mode2 } = cloud;
const control = cloud.control(HUB);

function documentOf(
  unit: Unit,
  jobId: string,
): { document: JobDocument; locations: ReturnType<typeof jobLocations> } {
  const locations = jobLocations(unit, 'u1', jobId, 0);
  return {
    locations,
    document: {
      schema: 'cloudmr/job/1',
      jobId,
      attempt: 0,
      userId: 'u1',
      appId: unit.appId,
      alias: 'ä brain',
      mode: unit.mode,
      task: { version: 'v0' },
      output: { coilsensitivity: false, gfactor: false, matlab: false },
      inputs: {},
      result: locations.result,
      failure: locations.failureBundle,
    },
  };
}

/** As the account's root: what really lies there. */
async function rootPut(unit: Unit, bucket: string, key: string, body: string, metadata = {}): Promise<void> {
  const { clients, credentials } = cloud.rootClients(unit.awsAccountId);
  const s3 = clients.s3(await credentials(), REGION);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, Metadata: metadata }));
}

async function rootGet(
  unit: Unit,
  bucket: string,
  key: string,
): Promise<{ text: string; type: string | undefined }> {
  const { clients, credentials } = cloud.rootClients(unit.awsAccountId);
  const s3 = clients.s3(await credentials(), REGION);
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return { text: (await Body?.transformToString()) ?? '', type: ContentType };
}

for (const unit of [mode1, mode2]) {
  t.test(`R44, ${unit.mode}: from the job document to the stopped execution`, async (t) => {
    const { document, locations } = documentOf(unit, 'job-a');
    await unitCloud.putJobDocument(unit, locations.document, document);
    await unitCloud.putJobDocument(unit, locations.document, document);
    const stored = await rootGet(unit, locations.document.bucket, locations.document.key);
    t.same(JSON.parse(stored.text), document);
    t.equal(stored.type, 'application/json');

    const input = { jobId: 'job-a', attempt: 0, ...locations.document };
    const arn = await unitCloud.startExecution(unit, 'job-a-0', input);
    t.equal(arn, executionArn(unit.stateMachineArn, 'job-a-0'));
    t.equal(await unitCloud.startExecution(unit, 'job-a-0', input), arn, 'again while it runs: the same one');
    await t.rejects(unitCloud.startExecution(unit, 'job-a-0', { ...input, attempt: 1 }), {
      name: 'CloudError',
      problem: 'already_exists',
      operation: 'StartExecution',
    });

    const running = await unitCloud.describeExecution(unit, arn);
    t.match(running, { arn, status: 'RUNNING', output: undefined, stoppedAt: undefined });
    t.same(JSON.parse(running.input ?? ''), input);
    t.ok(Math.abs((running.startedAt ?? 0) - cloud.clock()) < 10_000);

    await unitCloud.stopExecution(unit, arn, 'x'.repeat(40_000));
    const stopped = await unitCloud.describeExecution(unit, arn);
    t.match(stopped, { status: 'ABORTED', error: 'canceled', cause: /^x{1000}$/ });
    t.ok((stopped.stoppedAt ?? 0) >= (stopped.startedAt ?? 0));
    await t.rejects(unitCloud.startExecution(unit, 'job-a-0', input), {
      name: 'CloudError',
      problem: 'already_exists',
    });
  });

  t.test(`${unit.mode}: an execution that ends says so with its output`, async (t) => {
    const input = { jobId: 'job-b', attempt: 1, bucket: unit.dataBucket, key: 'k' };
    const arn = await unitCloud.startExecution(unit, 'job-b-1', input);
    let state = await unitCloud.describeExecution(unit, arn);
    for (let i = 0; i < 100 && state.status === 'RUNNING'; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      state = await unitCloud.describeExecution(unit, arn);
    }
    t.match(state, { status: 'SUCCEEDED', output: '{"ok":true}' });
  });

  t.test(`${unit.mode}: objects are looked at and deleted`, async (t) => {
    const { locations } = documentOf(unit, 'job-c');
    const upload = { bucket: unit.dataBucket, key: `${unit.appId}/u1/uploads/f.h5` };
    for (const location of [locations.result, locations.failureBundle, upload]) {
      await t.rejects(unitCloud.headObject(unit, location), {
        name: 'CloudError',
        problem: 'not_found',
        operation: 'HeadObject',
      });
      await rootPut(unit, location.bucket, location.key, 'hello', { sha256: 'abc' });
      const head = await unitCloud.headObject(unit, location);
      t.match(head, { sizeBytes: 5, etag: /^"[0-9a-f]{32}"$/ });
      t.same(head.metadata, { sha256: 'abc' });
      await unitCloud.deleteObject(unit, location);
      await unitCloud.deleteObject(unit, location);
      await t.rejects(unitCloud.headObject(unit, location), { name: 'CloudError', problem: 'not_found' });
    }
  });

  t.test(`${unit.mode}: what is not there is not_found`, async (t) => {
    const gone = { ...unit, stateMachineArn: `${unit.stateMachineArn}-gone` };
    const input = { jobId: 'j', attempt: 0, bucket: unit.dataBucket, key: 'k' };
    // The role of Mode 1 is as narrow as a deployed one: it names one machine, and of others AWS tells nothing.
    const problem = unit === mode1 ? 'denied' : 'not_found';
    await t.rejects(unitCloud.startExecution(gone, 'x', input), { name: 'CloudError', problem });
    const arn = executionArn(unit.stateMachineArn, 'job-never');
    await t.rejects(unitCloud.describeExecution(unit, arn), { name: 'CloudError', problem: 'not_found' });
    await t.rejects(unitCloud.stopExecution(unit, arn, 'why'), { name: 'CloudError', problem: 'not_found' });
  });

  t.test(`${unit.mode}: names and inputs that AWS refuses are invalid`, async (t) => {
    const input = { jobId: 'j', attempt: 0, bucket: unit.dataBucket, key: 'k' };
    await t.rejects(unitCloud.startExecution(unit, 'no spaces', input), {
      name: 'CloudError',
      problem: 'invalid',
    });
    const huge = { ...input, key: 'k'.repeat(300_000) };
    await t.rejects(unitCloud.startExecution(unit, 'huge', huge), { name: 'CloudError', problem: 'invalid' });
  });
}

t.test('nothing is sent for a unit whose parts lie in several accounts or regions', async (t) => {
  await control.clearCalls();
  const location = { bucket: mode2.dataBucket, key: 'mroptimum/u1/x' };
  const arn = executionArn(mode2.stateMachineArn, 'x');
  const input = { jobId: 'j', attempt: 0, ...location };
  const { document } = documentOf(mode2, 'j');
  const wrong: [Unit, string][] = [
    [{ ...mode2, awsAccountId: HUB }, 'WrongAccount'],
    [{ ...mode2, crossAccountRoleArn: mode2.crossAccountRoleArn?.replace(RESEARCHER, HUB) }, 'WrongAccount'],
    [{ ...mode2, stateMachineArn: mode2.stateMachineArn.replace(RESEARCHER, HUB) }, 'WrongAccount'],
    [{ ...mode2, region: 'eu-west-1' }, 'WrongRegion'],
  ];
  for (const [unit, awsCode] of wrong) {
    const refused = { name: 'CloudError', problem: 'invalid', awsCode };
    await t.rejects(unitCloud.startExecution(unit, 'x', input), refused);
    await t.rejects(unitCloud.putJobDocument(unit, location, document), refused);
    await t.rejects(unitCloud.headObject(unit, location), refused);
    await t.rejects(unitCloud.deleteObject(unit, location), refused);
    await t.rejects(unitCloud.presignGet(unit, location, 'x', 60), refused);
    await t.rejects(unitCloud.presignPut(unit, location, 60), refused);
    const itsOwn = executionArn(unit.stateMachineArn, 'x');
    await t.rejects(unitCloud.describeExecution(unit, itsOwn), refused);
    await t.rejects(unitCloud.stopExecution(unit, itsOwn, 'why'), refused);
  }
  await t.rejects(
    unitCloud.describeExecution({ ...mode2, unitId: 'x' }, arn.replace('JobChooser', 'JobChooser-other')),
    {
      name: 'CloudError',
      awsCode: 'WrongStateMachine',
    },
  );
  for (const service of ['sts', 's3', 'states']) {
    const rows = (await control.calls()).filter((row) => row.service === service);
    t.same(rows, [], `${service} heard nothing`);
  }
});

t.test('only buckets of the unit and keys of an owner are touched', async (t) => {
  const wrongBucket = { bucket: 'mode2-private', key: 'mroptimum/u1/x' };
  await t.rejects(unitCloud.headObject(mode2, wrongBucket), {
    name: 'CloudError',
    problem: 'invalid',
    awsCode: 'WrongBucket',
  });
  await t.rejects(unitCloud.presignGet(mode2, wrongBucket, 'x', 60), {
    name: 'CloudError',
    awsCode: 'WrongBucket',
  });
  await t.rejects(unitCloud.deleteObject(mode2, wrongBucket), { name: 'CloudError', awsCode: 'WrongBucket' });
  for (const key of ['', 'x', 'mroptimum', 'mroptimum/', 'mroptimum/u1', 'mroptimum//x', 'other/u1/x']) {
    const location = { bucket: mode2.dataBucket, key };
    await t.rejects(
      unitCloud.presignPut(mode2, location, 60),
      { name: 'CloudError', awsCode: 'WrongKey' },
      key,
    );
    await t.rejects(
      unitCloud.deleteObject(mode2, location),
      { name: 'CloudError', awsCode: 'WrongKey' },
      key,
    );
  }
  const pattern = { bucket: mode2.dataBucket, key: 'mroptimum/*/x' };
  await t.rejects(unitCloud.presignPut(mode2, pattern, 60), { name: 'CloudError', awsCode: 'UnsafeName' });
});

t.test('a bucket that belongs to another account is refused by S3 itself', async (t) => {
  const stolen = { ...mode1, resultsBucket: mode2.resultsBucket };
  const location = { bucket: mode2.resultsBucket, key: 'mroptimum/u1/x' };
  await t.rejects(unitCloud.headObject(stolen, location), { name: 'CloudError', problem: 'denied' });
});

t.test('a wrong external ID is a matter of trust, whatever was asked', async (t) => {
  const unit = { ...mode2, externalId: 'cloudmr-wrong' };
  await t.rejects(unitCloud.startExecution(unit, 'x', { jobId: 'j', attempt: 0, bucket: 'bbb', key: 'k' }), {
    name: 'CloudError',
    problem: 'trust_denied',
    operation: 'AssumeRole',
  });
  await t.rejects(
    unitCloud.presignGet(unit, { bucket: unit.resultsBucket, key: 'mroptimum/u1/x' }, 'x', 60),
    {
      name: 'CloudError',
      problem: 'trust_denied',
    },
  );
});
