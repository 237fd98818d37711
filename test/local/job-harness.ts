/** The project's state machine with its substitutions made for the tests' account. */
import { renderStateMachine } from '../../infra/scripts/render-state-machine.ts';
import { CLUSTER } from './cloud-harness.ts';
import { ACCOUNT, functionArn, REGION } from './states-harness.ts';

/** Fixture functions and the fixture task that play the worker's part. */
export interface Cast {
  select?: string;
  run?: string;
  report?: string;
  task?: string;
}

/** Definition text; `change` may shorten pauses that a test cannot afford. */
export function jobDefinition(cast: Cast = {}, change = (text: string) => text): string {
  const definition = renderStateMachine({
    Partition: 'aws',
    SelectPlatformFunctionArn: functionArn(cast.select ?? 'selectPlatform'),
    RunJobFunctionArn: functionArn(cast.run ?? 'runJob'),
    ReportFunctionArn: functionArn(cast.report ?? 'report'),
    ClusterArn: CLUSTER,
    TaskDefinitionArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/${cast.task ?? 'job'}`,
    SubnetId1: 'subnet-1',
    SubnetId2: 'subnet-2',
    SecurityGroupId: 'sg-1',
    AssignPublicIp: 'ENABLED',
  });
  return change(definition);
}
