/** The computing unit that somebody means. */
import { type BrokerClient, type components, dataOf } from '../../../client/index.js';
import { CommandFailed } from '../command.ts';

export type UnitView = components['schemas']['ComputingUnit'];

/** All units that the person may use. */
export async function listUnits(client: BrokerClient, mode?: string): Promise<UnitView[]> {
  const query = { app_name: 'MR Optimum', ...(mode === undefined ? {} : { mode }) };
  const { computingUnits } = await dataOf(client.GET('/api/computing-unit/list', { params: { query } }));
  return computingUnits;
}

/** By id or alias, else by mode, else the default one, else the only one. Throws CommandFailed. */
export async function chooseUnit(
  client: BrokerClient,
  wish: { unit?: string; mode?: string },
): Promise<UnitView> {
  const units = await listUnits(client, wish.mode);
  const { unit: name } = wish;
  const found = name ? units.filter((unit) => unit.computingUnitId === name || unit.alias === name) : units;
  const choice = found.find(({ isDefault }) => isDefault) ?? found[0];
  if (found.length === 0) {
    throw new CommandFailed(
      name ? `there is no computing unit "${name}"` : 'there is no computing unit for you',
      'See them: cloudmr units list. Connect your own AWS account: cloudmr units connect',
    );
  }
  if (found.length > 1 && !choice.isDefault) {
    throw new CommandFailed(
      `${found.length} computing units could be meant`,
      `Name one with --unit: ${found.map(({ computingUnitId, alias }) => `${computingUnitId} (${alias})`).join(', ')}`,
    );
  }
  return choice;
}
