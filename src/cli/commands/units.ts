/** `cloudmr units`: computing units, their health, and the way to one's own. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { dataOf } from '../../../client/index.js';
import { type Cli, CommandFailed, Interrupted } from '../command.ts';
import { table } from '../text.ts';
import { chooseUnit, listUnits, type UnitView } from './choose-unit.ts';
import { killSwitchCommands } from './kill-switch.ts';

const POLL_MS = 3_000;

/** Adds the commands. */
export function unitCommands(program: Command, cli: Cli): void {
  const units = program
    .command('units')
    .description('computing units: where jobs run')
    .addHelpText(
      'after',
      `
Examples:
  $ cloudmr units
  $ cloudmr units check UNIT
  $ cloudmr units connect`,
    );

  units
    .command('list', { isDefault: true })
    .description('the units you may use')
    .action(async () => {
      const { client } = await cli.session();
      const found = await listUnits(client);
      cli.show(found, () =>
        found.length === 0
          ? 'No computing units. Connect your own AWS account: cloudmr units connect'
          : table(
              ['unit', 'status', 'mode', 'account', 'region', 'alias'],
              found.map((unit) => [
                unit.computingUnitId,
                unit.status + (unit.isDefault ? ' (default)' : ''),
                unit.mode,
                unit.awsAccountId,
                unit.region,
                unit.alias,
              ]),
            ),
      );
    });

  units
    .command('check')
    .description('look again whether a unit works, with a remedy for all that does not')
    .argument('<unit>', 'id or alias')
    .action(async (name: string) => {
      const { client } = await cli.session();
      const { computingUnitId } = await chooseUnit(client, { unit: name });
      const report = await dataOf(
        client.POST('/api/computing-unit/{computingUnitId}/preflight', {
          params: { path: { computingUnitId } },
        }),
      );
      cli.show(report, () => checked(report));
      if (report.status !== 'ready') throw new CommandFailed(`the unit is ${report.status}`);
    });

  units
    .command('connect')
    .description('what your own AWS account needs to become a computing unit')
    .option('--no-wait', 'do not wait until the stack has registered itself')
    .action(({ wait }: { wait: boolean }) => connect(cli, wait));

  killSwitchCommands(units, cli);

  units
    .command('remove')
    .description('take a unit out; its account and its data stay as they are')
    .argument('<unit>', 'id or alias')
    .action(async (name: string) => {
      const { client } = await cli.session();
      const { computingUnitId } = await chooseUnit(client, { unit: name });
      const path = { computingUnitId };
      const answer = await dataOf(
        client.DELETE('/api/computing-unit/{computingUnitId}', { params: { path } }),
      );
      cli.show(answer, () => `The unit ${computingUnitId} is removed.`);
    });
}

type Report = { status: string; checks: UnitView['checks']; testJob?: string };

function checked({ status, checks = [], testJob }: Report): string {
  const lines = checks.flatMap((check) => [
    `${check.status.padEnd(8)} ${check.code.padEnd(24)} ${check.evidence}`,
    ...(check.remedy && check.status !== 'passed' ? [`         ${check.remedy}`] : []),
    ...(check.policy && check.status !== 'passed' ? [check.policy] : []),
    ...(check.command && check.status !== 'passed' ? [check.command] : []),
  ]);
  return [`status   ${status}`, ...(testJob ? [`test job ${testJob}`] : []), ...lines].join('\n');
}

async function connect(cli: Cli, wait: boolean): Promise<void> {
  const { client, url } = await cli.session();
  const before = new Set((await listUnits(client)).map(({ computingUnitId }) => computingUnitId));
  const challenge = await dataOf(client.POST('/api/computing-unit/challenges', { body: {} }));
  const { externalId, enrolmentCode, brokerRoleArn, expiresAt } = challenge;
  const text = [
    'Deploy the Mode 2 stack in your account with these parameters; it registers itself.',
    `  broker           ${url}`,
    `  broker role      ${brokerRoleArn}`,
    `  external ID      ${externalId}`,
    `  enrolment code   ${enrolmentCode}  (good once, until ${expiresAt})`,
  ].join('\n');
  if (!wait) {
    return cli.show({ brokerUrl: url, brokerRoleArn, externalId, enrolmentCode, expiresAt }, () => text);
  }
  cli.io.err(text);
  cli.io.err('Waiting for the unit ...');
  try {
    for (;;) {
      const found = (await listUnits(client)).find(({ computingUnitId }) => !before.has(computingUnitId));
      if (found) return cli.show(found, () => `The unit ${found.computingUnitId} is ${found.status}.`);
      await pause(POLL_MS, undefined, { signal: cli.signal });
    }
  } catch (error) {
    if (!cli.signal.aborted) throw error;
    throw new Interrupted('The stack can still register itself. See it: cloudmr units list');
  }
}
