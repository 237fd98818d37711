/** What the steps of a job may expect of Step Functions and S3 behind the port, on any implementation. */
import type { Test } from 'tap';
import { executionArn, jobLocations } from '../../services/jobs/naming.ts';
import type { UnitCloud } from '../../services/ports.ts';
import type { JobDocument } from '../../src/schemas/execution.ts';
import type { Unit } from '../../src/schemas/unit.ts';

/** An execution of attempt 0 runs until it is stopped, one of a later attempt ends (soon, or when `finish` is called). */
export interface CloudPlace {
  readonly cloud: UnitCloud;
  readonly unit: Unit;
  /** Ends an execution of attempt 1 if nothing else does. */
  finish(arn: string): void;
}

/** Runs the contract on one implementation. */
export async function unitCloudSuite(t: Test, { cloud, unit, finish }: CloudPlace): Promise<void> {
  const locations = (jobId: string) => jobLocations(unit, 'owner-1', jobId, 0);
  const inputOf = (jobId: string, attempt: number) => ({ jobId, attempt, ...locations(jobId).document });
  const nameOf = (jobId: string, attempt: number) => `job-${jobId}-${attempt}`;
  const start = (jobId: string, attempt = 0) =>
    cloud.startExecution(unit, nameOf(jobId, attempt), inputOf(jobId, attempt));

  await t.test('the same start again, while it runs, is the same execution', async (t) => {
    const arn = await start('twice');
    t.equal(arn, executionArn(unit.stateMachineArn, nameOf('twice', 0)));
    t.equal(await start('twice'), arn);
    const execution = await cloud.describeExecution(unit, arn);
    t.equal(execution.status, 'RUNNING');
    t.equal(execution.input, JSON.stringify(inputOf('twice', 0)));
    t.type(execution.startedAt, 'number');
  });

  await t.test('a name with another input is taken', async (t) => {
    await start('taken');
    const other = { ...inputOf('taken', 0), attempt: 3 };
    await t.rejects(cloud.startExecution(unit, nameOf('taken', 0), other), {
      name: 'CloudError',
      problem: 'already_exists',
    });
  });

  await t.test('a name stays taken when its execution has ended', async (t) => {
    const arn = await start('ended', 1);
    finish(arn);
    for (let i = 0; (await cloud.describeExecution(unit, arn)).status === 'RUNNING' && i < 100; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    t.equal((await cloud.describeExecution(unit, arn)).status, 'SUCCEEDED');
    await t.rejects(start('ended', 1), { name: 'CloudError', problem: 'already_exists' });
    await cloud.stopExecution(unit, arn, 'too late');
    t.equal((await cloud.describeExecution(unit, arn)).status, 'SUCCEEDED', 'a stop changes no end');
  });

  await t.test('a stop aborts, once', async (t) => {
    const arn = await start('stopped');
    await cloud.stopExecution(unit, arn, 'because');
    const { status, stoppedAt } = await cloud.describeExecution(unit, arn);
    t.equal(status, 'ABORTED');
    await cloud.stopExecution(unit, arn, 'because');
    t.same((await cloud.describeExecution(unit, arn)).stoppedAt, stoppedAt);
  });

  await t.test('what was never started is not found', async (t) => {
    const arn = executionArn(unit.stateMachineArn, nameOf('never', 0));
    await t.rejects(cloud.describeExecution(unit, arn), { name: 'CloudError', problem: 'not_found' });
    await t.rejects(cloud.stopExecution(unit, arn, 'x'), { name: 'CloudError', problem: 'not_found' });
  });

  await t.test(
    'a document may be written twice; what is not there is not found; deletes repeat',
    async (t) => {
      const { document, result } = locations('paper');
      const paper = { jobId: 'paper' } as unknown as JobDocument;
      await cloud.putJobDocument(unit, document, paper);
      await cloud.putJobDocument(unit, document, paper);
      await t.rejects(cloud.headObject(unit, result), { name: 'CloudError', problem: 'not_found' });
      await cloud.deleteObject(unit, document);
      await cloud.deleteObject(unit, document);
    },
  );
}
