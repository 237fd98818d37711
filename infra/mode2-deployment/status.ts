/** `status`: the stack and the computing unit, as they are now. */

import { failure } from './failure.ts';
import { table } from './io.ts';
import type { Result, Session } from './session.ts';
import { readStack } from './stack.ts';
import { hasToken, signIn } from './token.ts';
import { showChecks, unitOf } from './unit.ts';

/** The command. Without a token it shows the stack only. */
export async function status(session: Session): Promise<Result> {
  const { aws, values, dialogue, template } = session;
  const stackName = values['stack-name'] ?? '';
  const stack = await readStack(aws, stackName);
  if (!stack) throw failure('stack_missing', `${stackName} in ${aws.region}`);
  dialogue.say(`Stack ${stack.name}: ${stack.status}${stack.reason ? ` (${stack.reason})` : ''}`);
  if (stack.updatedAt) dialogue.say(`Changed ${stack.updatedAt}`);
  const shown = Object.entries(stack.parameters).filter(([name]) => !template.parameters[name]?.noEcho);
  for (const row of table(
    [...shown, ...Object.entries(stack.outputs)].map(([name, value]) => ['  ', name, value]),
  )) {
    dialogue.say(row);
  }
  const base = { stackName, status: stack.status, outputs: stack.outputs };
  if (!hasToken(session) && !dialogue.interactive) {
    dialogue.say('The computing unit: not asked without a token (CLOUDMR_TOKEN or --token-file).');
    return { ...base, unit: null };
  }
  const { broker } = await signIn(session);
  const unit = await unitOf(broker, stack);
  if (!unit) throw failure('unit_not_found', `${session.apiUrl} does not list the stack ${stackName}`);
  const report = await broker.preflight(unit.computingUnitId, false);
  dialogue.say(
    `Computing unit ${unit.computingUnitId} (${unit.alias}): ${report.status} since ${report.statusSince}`,
  );
  showChecks(dialogue.say, report);
  return { ...base, unit: report };
}
