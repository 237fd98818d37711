/** Whether the state machine in a unit's account is the one of this release, and shows what runs on it. */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type UnitCloud } from '../ports.ts';
import type { UnitProbe } from '../units/ports.ts';
import { failed, passed, skipped, warning } from './catalogue.ts';
import { isAway } from './trust.ts';

/** As the released templates tag the state machine: owners find and bill by them what belongs to CloudMR. */
const TAGS = { App: 'CloudMR', CMRRole: 'BackendCalculation', CMRApp: 'MR Optimum' };
const MODE_TAGS = { mode_1: 'mode1', mode_2: 'mode2' } as const;
/** CloudFormation tags what it makes. */
const STACK_TAG = 'aws:cloudformation:stack-name';

/** Creates the checks; `template` is the released definition, with its `${Names}` still in it. */
export function createMachineCheck(deps: {
  probe: UnitProbe;
  cloud: Pick<UnitCloud, 'runningExecutions'>;
  clock: Clock;
  template: string;
}) {
  const template: unknown = JSON.parse(deps.template);

  async function definitionOf(unit: Unit): Promise<UnitCheck[]> {
    const at = deps.clock();
    try {
      const text = await deps.probe.definition(unit);
      return [
        isOfTemplate(template, parse(text))
          ? passed('state_machine', 'is there, and is the one of this release', at)
          : warning('state_machine', 'is there, but is not the one of this release', at),
      ];
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      if (error.problem === 'not_found') {
        return [failed('state_machine', `${unit.stateMachineArn} does not exist`, at)];
      }
      // Older stacks do not let the broker look; the test job shows whether it may start executions.
      return [skipped('state_machine', 'the role does not allow states:DescribeStateMachine', at)];
    }
  }

  /** Roles of older stacks may not list: the sweep then describes each execution, and orphans go unseen. */
  async function listOf(unit: Unit): Promise<UnitCheck[]> {
    const at = deps.clock();
    try {
      const { executions, complete } = await deps.cloud.runningExecutions(unit);
      const number = `${complete ? '' : 'more than '}${executions.length}`;
      return [passed('execution_list', `${number} executions run`, at)];
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      if (error.problem === 'not_found') return [];
      const evidence = 'the role does not allow states:ListExecutions: executions are asked for one by one';
      return [
        warning('execution_list', evidence, at, {
          policy: machinePolicy(unit, 'states:ListExecutions'),
        }),
      ];
    }
  }

  async function tagsOf(unit: Unit): Promise<UnitCheck[]> {
    const at = deps.clock();
    try {
      const found = await deps.probe.tags(unit);
      const wrong = Object.entries({ ...TAGS, Mode: MODE_TAGS[unit.mode] })
        .filter(([key, value]) => found[key] !== value)
        .map(([key, value]) => `the tag ${key} is ${quoted(found[key])} instead of "${value}"`);
      if (wrong.length > 0) return [warning('machine_tags', wrong.join('; '), at)];
      const stack = STACK_TAG in found ? `of the stack ${found[STACK_TAG]}` : 'not made by a stack';
      return [passed('machine_tags', `tagged as released, ${stack}`, at)];
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      if (error.problem === 'not_found') return [];
      const evidence = 'the role does not allow states:ListTagsForResource: the tags are unknown';
      return [
        warning('machine_tags', evidence, at, {
          policy: machinePolicy(unit, 'states:ListTagsForResource'),
        }),
      ];
    }
  }

  return async function checkMachine(unit: Unit): Promise<UnitCheck[]> {
    return (await Promise.all([definitionOf(unit), tagsOf(unit), listOf(unit)])).flat();
  };
}

function machinePolicy(unit: Unit, action: string): object {
  return { Effect: 'Allow', Action: [action], Resource: [unit.stateMachineArn] };
}

function quoted(value: string | undefined): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}

/** Equal, but for the places where the template has a name to be filled in. */
function isOfTemplate(template: unknown, actual: unknown): boolean {
  if (typeof template === 'string') return typeof actual === 'string' && fits(template, actual);
  if (Array.isArray(template)) {
    return (
      Array.isArray(actual) &&
      actual.length === template.length &&
      template.every((item, i) => isOfTemplate(item, actual[i]))
    );
  }
  if (typeof template !== 'object' || template === null) return template === actual;
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false;
  const [wanted, found] = [Object.entries(template), actual as Record<string, unknown>];
  return (
    Object.keys(found).length === wanted.length &&
    wanted.every(([key, value]) => Object.hasOwn(found, key) && isOfTemplate(value, found[key]))
  );
}

function fits(template: string, actual: string): boolean {
  const parts = template.split(/\$\{\w+\}/);
  if (parts.length === 1) return template === actual;
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const found = i === parts.length - 1 ? actual.length - part.length : actual.indexOf(part, at);
    if (found < at || !actual.startsWith(part, found) || (i === 0 && found !== 0)) return false;
    at = found + part.length;
  }
  return true;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
