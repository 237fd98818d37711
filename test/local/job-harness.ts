/** The project's state machine with its substitutions made for the tests' account. */
import { readFileSync } from 'node:fs';
import { CLUSTER } from './cloud-harness.ts';
import { ACCOUNT, functionArn, REGION } from './states-harness.ts';

const SOURCE = new URL('../../infra/state-machine/job.asl.json', import.meta.url);

/** Fixture functions and the fixture task that play the worker's part. */
export interface Cast {
  select?: string;
  run?: string;
  report?: string;
  task?: string;
}

/** Definition text; `change` may shorten pauses that a test cannot afford. */
export function jobDefinition(cast: Cast = {}, change = (text: string) => text): string {
  const names: Record<string, string> = {
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
  };
  const text = JSON.stringify(JSON.parse(readFileSync(SOURCE, 'utf8')));
  return change(text.replace(/\$\{(\w+)\}/g, (_all, name: string) => names[name]));
}
