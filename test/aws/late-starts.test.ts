/** A process that stood still while it asked for a start does not send it when it goes on. */
import t from 'tap';
import { executionArn } from '../../services/jobs/naming.ts';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { clients, sessions, clock, endpoint, mode2: unit } = cloud;
const INPUT = { jobId: 'job-late', attempt: 0, bucket: 'b', key: 'k' };

/** The account, to a process that stands still for `ms` when it has its session. */
const stalledFor = (ms: number) =>
  createUnitCloud({
    clients,
    clock,
    publicEndpoint: endpoint,
    sessions: {
      ...sessions,
      use: (...[who, purpose, operation, work]: Parameters<typeof sessions.use>) =>
        sessions.use(who, purpose, operation, (session) => {
          clock.advance(ms);
          return work(session);
        }),
    } as typeof sessions,
  });

t.test('half a minute after it was asked for nothing is started any more', async (t) => {
  const late = stalledFor(31_000);
  await t.rejects(late.startExecution(unit, 'job-late-0', INPUT), {
    name: 'CloudError',
    problem: 'unavailable',
    awsCode: 'TooLate',
  });
  const arn = executionArn(unit.stateMachineArn, 'job-late-0');
  await t.rejects(cloud.unitCloud.describeExecution(unit, arn), { name: 'CloudError', problem: 'not_found' });
});

t.test('a little late is not too late', async (t) => {
  const arn = await stalledFor(29_000).startExecution(unit, 'job-late-1', INPUT);
  t.match(await cloud.unitCloud.describeExecution(unit, arn), { arn });
});
