/** The switch for all units, in DynamoDB: one item. */
import type { SwitchStore } from '../../../services/units/kill-switch.ts';
import { killSwitch, type Switch } from '../../schemas/switch.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { SWITCH_KEY } from '../table/table.ts';

export const SWITCH: Kind<Switch> = { name: 'switch', schema: 1, shape: killSwitch };

/** Creates the store. The last word counts: whoever stops everything must not lose a race. */
export function createSwitchStore(table: ItemTable): SwitchStore {
  return {
    get: () => table.read(SWITCH, SWITCH_KEY),
    async put(next) {
      await table.write(toItem(SWITCH, SWITCH_KEY, next));
    },
  };
}
