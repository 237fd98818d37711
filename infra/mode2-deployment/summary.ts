/** What stands on the screen before anything is created. */
import type { ChangeSet } from './change-set.ts';
import type { Place } from './choose-network.ts';
import { monthlyCosts, TYPICAL } from './cost-model.ts';
import { table } from './io.ts';
import type { StackParameter } from './parameters.ts';
import type { Identity, Session } from './session.ts';

export interface Plan {
  readonly identity: Identity;
  readonly stackName: string;
  readonly place: Place | undefined;
  readonly parameters: readonly StackParameter[];
  readonly changeSet: ChangeSet;
  readonly adopted: readonly string[];
}

const shown = 12;

/** Shows account, parameters (secrets hidden), changes and costs. */
export function showSummary({ dialogue, template, aws, apiUrl }: Session, plan: Plan): void {
  const { changeSet, parameters } = plan;
  const rows = parameters
    .filter(({ ParameterValue }) => ParameterValue !== undefined)
    .map(({ ParameterKey: name, ParameterValue: value = '' }) => [
      name,
      template.parameters[name]?.noEcho ? '(hidden)' : value,
    ]);
  const zones = plan.place ? [['Zones', plan.place.subnets.map(({ zone }) => zone).join(', ')]] : [];
  dialogue.say();
  dialogue.say(changeSet.kind === 'CREATE' ? 'A new stack:' : 'Changes of the stack:');
  for (const row of table(
    [
      ['Stack', plan.stackName],
      ['AWS account', plan.identity.accountId],
      ['Region', aws.region],
      ['As', plan.identity.arn],
      ['Broker', apiUrl],
      ...zones,
      ...rows,
    ].map((row) => ['  ', ...row]),
  )) {
    dialogue.say(row);
  }
  showChanges(dialogue.say, changeSet);
  for (const bucket of plan.adopted)
    dialogue.say(`  ${bucket} is left of an earlier stack and is taken over.`);
  const { usdPerJob, usdPerMonth, assumptions } = monthlyCosts(TYPICAL, template);
  dialogue.say();
  dialogue.say(
    `Costs, charged to YOUR account: about ${usd(usdPerJob)} a job, ${usd(usdPerMonth)} for ${TYPICAL.jobs} jobs a month.`,
  );
  for (const assumption of assumptions) dialogue.say(`  ${assumption}`);
  dialogue.say('  `costs` computes it for other jobs.');
  dialogue.say();
}

function showChanges(say: (line?: string) => void, { changes }: ChangeSet): void {
  const count = (action: string): number => changes.filter((change) => change.action === action).length;
  const words = ['Add', 'Modify', 'Remove', 'Import']
    .filter((action) => count(action) > 0)
    .map((action) => `${action.toLowerCase()} ${count(action)}`);
  say(`  Resources: ${words.join(', ') || 'none named by CloudFormation'}`);
  const risky = changes.filter(({ action, replacement }) => replacement || action === 'Remove');
  for (const { action, logicalId, type } of risky.slice(0, shown)) {
    say(`    ${action === 'Remove' ? 'removes' : 'replaces'} ${logicalId} (${type})`);
  }
}

export const usd = (value: number): string => `$${value < 0.1 ? value.toFixed(3) : value.toFixed(2)}`;
