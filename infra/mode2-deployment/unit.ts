/** The computing unit that a stack is for the broker. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Broker, ComputingUnit, PreflightReport } from './broker.ts';
import { failure } from './failure.ts';
import type { Dialogue } from './io.ts';
import type { Session } from './session.ts';
import type { Stack } from './stack.ts';

const MARKS: Readonly<Record<string, string>> = {
  passed: '\u2713',
  warning: '!',
  failed: '\u2717',
  skipped: '-',
};
/** The test job runs in the person's account; nothing is gained by asking more often. */
const LOOK_MS = 3_000;

/** The unit whose state machine is the one of this stack. */
export async function unitOf(broker: Broker, stack: Stack): Promise<ComputingUnit | undefined> {
  const machine = stateMachineOf(stack);
  return (await broker.units()).find(({ stateMachineArn }) => stateMachineArn === machine);
}

/** The state machine of the stack. @throws DeployFailure stack_missing if it has none */
export function stateMachineOf({ outputs, name }: Stack): string {
  const arn = outputs['StateMachineArn'];
  if (arn) return arn;
  throw failure('stack_missing', `${name} is not a stack of this template: it has no output StateMachineArn`);
}

/**
 * Checks a unit and follows its test job for as long as --wait says.
 * @throws DeployFailure unit_not_ready; the checks with their remedies have been shown then
 */
export async function watchUnit(
  { values, dialogue, clock }: Pick<Session, 'values' | 'dialogue' | 'clock'>,
  broker: Broker,
  unitId: string,
): Promise<PreflightReport> {
  const until = clock() + 1_000 * seconds(values.wait);
  let report = await broker.preflight(unitId, true);
  dialogue.say(`The computing unit ${unitId} is ${report.status}.`);
  if (report.testJob !== 'none' && clock() < until) {
    dialogue.say('A test job (a phantom of known SNR) runs in your account; this takes a minute or two.');
  }
  while (report.testJob !== 'none' && clock() < until) {
    await pause(LOOK_MS);
    report = await broker.preflight(unitId, false);
  }
  showChecks(dialogue.say, report);
  if (report.testJob !== 'none') dialogue.say('The test job goes on; `status` shows what it has found.');
  if (report.status !== 'ready') {
    const failed = report.checks.find(({ status }) => status === 'failed');
    throw failure(
      'unit_not_ready',
      failed ? `${failed.code}: ${failed.evidence}` : report.status,
      failed?.remedy,
    );
  }
  return report;
}

/** Every check of the broker, with its remedy if it needs one. */
export function showChecks(say: Dialogue['say'], { checks }: PreflightReport): void {
  for (const { code, status, evidence, remedy, actor, policy } of checks) {
    say(`  ${MARKS[status]} ${code.padEnd(20)} ${evidence}`);
    if (remedy) say(`      ${remedy}${actor ? ` (${actor})` : ''}`);
    if (policy) say(`      ${policy}`);
  }
}

function seconds(text: string | undefined): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw failure('wrong_arguments', `--wait is in seconds, not "${text}"`);
  return value;
}
