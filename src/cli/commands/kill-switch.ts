/** `cloudmr units stop` and `open`: the broker's use of an AWS account, ended at once and begun again. */
import type { Command } from 'commander';
import { dataOf } from '../../../client/index.js';
import type { Cli } from '../command.ts';

/** Adds the commands to `cloudmr units`. */
export function killSwitchCommands(units: Command, cli: Cli): void {
  for (const [name, act, ofOne, ofAll, done] of [
    [
      'stop',
      'pause',
      'ask nothing of the account of a unit any more, at once',
      'ask nothing of any account any more, at once',
      'stopped',
    ],
    ['open', 'resume', 'use a unit again that was stopped', 'use all units again', 'open'],
  ] as const) {
    units
      .command(name)
      .description(`for its owner and for administrators: ${ofOne}`)
      .argument('<unit>', 'its id')
      .action(async (computingUnitId: string) => {
        const { client } = await cli.session();
        const unit = await dataOf(
          client.POST(`/api/computing-unit/{computingUnitId}/${act}`, {
            params: { path: { computingUnitId } },
          }),
        );
        cli.show(unit, () => `The unit ${computingUnitId} is ${done}.`);
      });

    units
      .command(`${name}-all`)
      .description(`for administrators: ${ofAll}`)
      .action(async () => {
        const { client } = await cli.session();
        const state = await dataOf(client.POST(`/api/admin/computing-units/${act}`));
        cli.show(state, () => `All units are ${done}.`);
      });
  }
}
