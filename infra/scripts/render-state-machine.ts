/**
 * The one state-machine file with the names of one stack filled in. Every place (the embedded cloud, the
 * Mode 1 and Mode 2 stacks) goes through here, so all run the same definition.
 */
import { readFileSync } from 'node:fs';

const SOURCE = new URL('../state-machine/job.asl.json', import.meta.url);

/** What the definition leaves open: `${Name}` in the file. */
export interface StateMachineNames {
  Partition: string;
  SelectPlatformFunctionArn: string;
  RunJobFunctionArn: string;
  ReportFunctionArn: string;
  ClusterArn: string;
  TaskDefinitionArn: string;
  SubnetId1: string;
  SubnetId2: string;
  SecurityGroupId: string;
  /** ENABLED in public subnets, DISABLED behind a NAT gateway. */
  AssignPublicIp: string;
}

/** Amazon States Language as JSON text. Throws if the file uses a name that was not given, or one is not used. */
export function renderStateMachine(names: StateMachineNames): string {
  const unused = new Set(Object.keys(names));
  const text = readFileSync(SOURCE, 'utf8').replace(/\$\{(\w+)\}/g, (_all, name: string) => {
    const value = names[name as keyof StateMachineNames];
    if (value === undefined) throw new Error(`job.asl.json uses \${${name}}, which nobody supplies`);
    unused.delete(name);
    // Inside a JSON string: a quote in a value must not end it.
    return JSON.stringify(value).slice(1, -1);
  });
  if (unused.size > 0) throw new Error(`job.asl.json does not use ${[...unused].join(', ')}`);
  return JSON.stringify(JSON.parse(text));
}
