/** Caps and what has been used under them, in DynamoDB. */
import type { UsageStore } from '../../../services/ports.ts';
import { type UnitLimits, type Usage, unitLimits, usage as usageShape } from '../../schemas/limits.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { Operation } from '../table/gathered-transactions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { unitLimitsKey, usageKey } from '../table/table.ts';

export const USAGE: Kind<Usage> = { name: 'usage', schema: 1, shape: usageShape };
export const UNIT_LIMITS: Kind<UnitLimits> = { name: 'unit-limits', schema: 1, shape: unitLimits };

/** Creates the store. */
export function createUsageStore(table: ItemTable): UsageStore {
  return {
    get: (scope) => table.read(USAGE, usageKey(scope)),
    limitsOfUnit: (unitId) => table.read(UNIT_LIMITS, unitLimitsKey(unitId)),
    async putLimitsOfUnit(value) {
      await table.write(toItem(UNIT_LIMITS, unitLimitsKey(value.unitId), value));
    },
  };
}

/** The write of a usage within a transaction, conditional on the version before it. */
export function usageOperation(value: Usage): Operation {
  return {
    put: toItem(USAGE, usageKey(value.scope), value, { version: value.version }),
    condition: value.version === 1 ? ABSENT : ofVersion(value.version - 1),
  };
}
