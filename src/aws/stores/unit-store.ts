/**
 * Computing units in DynamoDB. A unit holds two claims: its natural key (the same registration again is the
 * same unit) and, once the account is proven, its role (a role ARN belongs to one owner). Unit and claims
 * change in one transaction, and so do the entries in the lists of those it is shared with.
 */
import { z } from 'zod';
import type { Clock, Page } from '../../../services/ports.ts';
import type { UnitStore } from '../../../services/units/ports.ts';
import { AppError } from '../../errors.ts';
import { type Unit, unit as unitShape } from '../../schemas/unit.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { Operation } from '../table/gathered-transactions.ts';
import { type ItemTable, MAX_PAGE, type PageOptions } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import {
  checkIndexKeys,
  dueBefore,
  dueEntry,
  grantedUnitsPartition,
  grantKey,
  listed,
  ownUnitsPartition,
  removedUnitKey,
  roleKey,
  sameUnitKey,
  sharedUnitsPartition,
  unitChecksPartition,
  unitKey,
} from '../table/table.ts';
import type { HoldingsTable } from './holdings.ts';

export const UNIT: Kind<Unit> = { name: 'unit', schema: 1, shape: unitShape };

const sameUnitShape = z.object({ unitId: z.string() });
export const SAME_UNIT: Kind<z.infer<typeof sameUnitShape>> = {
  name: 'same-unit',
  schema: 1,
  shape: sameUnitShape,
};

/** Who holds a role, and for which units; it goes with the last of them. */
const roleClaimShape = z.object({
  ownerId: z.string(),
  unitIds: z.array(z.string()),
  version: z.number().int(),
});
type RoleClaim = z.infer<typeof roleClaimShape>;
export const ROLE_CLAIM: Kind<RoleClaim> = { name: 'role-claim', schema: 1, shape: roleClaimShape };

/** That a unit is shared with somebody: an entry of their list. */
export const GRANT: Kind<z.infer<typeof sameUnitShape>> = {
  name: 'unit-grant',
  schema: 1,
  shape: sameUnitShape,
};

/** A person with more units than this sees the newest. */
const MAX_VISIBLE = 1_000;
/** A removed unit is remembered for the jobs that were under way; none of them lasts longer. */
const REMOVED_MS = 7 * 24 * 3_600_000;
/** Rounds against other writers of the same claims. */
const MAX_ROUNDS = 10;

/** Cursors of `pageVisible`: which list, and where in it. The rest is sealed (cursor.ts). */
const PAGE_CURSOR = /^([0-2])\.(.*)$/;
/** Where those of people begin: shared ones, then one's own. Before them are those of the platform, which are all of Mode 1. */
const OF_PEOPLE = 1;
const OWN_UNITS = 2;

/** Creates the store of computing units. The first version of a unit is 1. */
export function createUnitStore(table: ItemTable, clock: Clock, holdings: HoldingsTable): UnitStore {
  const get = (unitId: string): Promise<Unit | undefined> => table.read(UNIT, unitKey(unitId));

  async function listPartition(partition: string): Promise<Unit[]> {
    const units: Unit[] = [];
    let cursor: string | undefined;
    do {
      const page = await table.page(UNIT, { index: 'gsi1', partition }, { limit: MAX_PAGE, cursor });
      units.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined && units.length < MAX_VISIBLE);
    return units;
  }

  /** The units that others share with a person; the unit itself says whether they still do. */
  async function pageGranted(userId: string, appId: string, options: PageOptions): Promise<Page<Unit>> {
    const list = { index: 'gsi1' as const, partition: grantedUnitsPartition(userId, appId) };
    const { items, cursor } = await table.page(GRANT, list, options);
    const units = await Promise.all(items.map(({ unitId }) => get(unitId)));
    const there = units.filter((unit) => unit !== undefined && (unit.sharedWith ?? []).includes(userId));
    return { items: there as Unit[], cursor };
  }

  /** The operations that make the list of each member follow `sharedWith`. */
  function grants(next: Unit | undefined, stored: Unit | undefined): Operation[] {
    const [wanted, before] = [next?.sharedWith ?? [], stored?.sharedWith ?? []];
    const operations: Operation[] = [];
    for (const userId of next ? wanted.filter((id) => !before.includes(id)) : []) {
      const { unitId, appId, createdAt } = next as Unit;
      const place = listed(grantedUnitsPartition(userId, appId), createdAt, unitId);
      operations.push({ put: toItem(GRANT, grantKey(unitId, userId), { unitId }, place) });
    }
    for (const userId of before.filter((id) => !wanted.includes(id))) {
      operations.push({ remove: grantKey((stored as Unit).unitId, userId) });
    }
    return operations;
  }

  /** Adds a unit to the claim of its role; `role_taken` if the role is another owner's. */
  async function claimRole(roleArn: string, unit: Unit): Promise<Operation | 'role_taken'> {
    const claim = await table.read(ROLE_CLAIM, roleKey(roleArn));
    if (claim && claim.ownerId !== unit.ownerId) return 'role_taken';
    const unitIds = [...new Set([...(claim?.unitIds ?? []), unit.unitId])];
    return putClaim(roleArn, claim, { ownerId: unit.ownerId, unitIds, version: (claim?.version ?? 0) + 1 });
  }

  async function releaseRole(roleArn: string, unitId: string): Promise<Operation[]> {
    const claim = await table.read(ROLE_CLAIM, roleKey(roleArn));
    if (!claim) return [];
    const unitIds = claim.unitIds.filter((id) => id !== unitId);
    if (unitIds.length === 0) return [{ remove: roleKey(roleArn), condition: ofVersion(claim.version) }];
    return [putClaim(roleArn, claim, { ...claim, unitIds, version: claim.version + 1 })];
  }

  /** The operations that put `unit` in the place of `stored`, claims included; the unit itself comes first. */
  async function replacement(unit: Unit, stored: Unit | undefined): Promise<Operation[] | 'role_taken'> {
    const operations: Operation[] = [
      { put: itemOf(unit), condition: stored ? ofVersion(stored.version) : ABSENT },
    ];
    const naturalKey = sameUnitKey(unit);
    const oldNaturalKey = stored && sameUnitKey(stored);
    if (naturalKey.pk !== oldNaturalKey?.pk) {
      operations.push({
        put: toItem(SAME_UNIT, naturalKey, { unitId: unit.unitId }),
        condition: ABSENT,
      });
      if (oldNaturalKey) operations.push({ remove: oldNaturalKey });
    }
    const role = heldRole(unit);
    const oldRole = stored && heldRole(stored);
    if (role !== oldRole) {
      if (role) {
        const claim = await claimRole(role, unit);
        if (claim === 'role_taken') return claim;
        operations.push(claim);
      }
      if (oldRole) operations.push(...(await releaseRole(oldRole, unit.unitId)));
    }
    operations.push(...grants(unit, stored));
    return operations;
  }

  /** Where nothing but the end of a job looks. */
  function tombstone(unit: Unit): Item {
    const expiresAtSeconds = Math.ceil((clock() + REMOVED_MS) / 1000);
    return toItem(UNIT, removedUnitKey(unit.unitId), unit, { expiresAtSeconds });
  }

  return {
    get,
    getRemoved: (unitId) => table.read(UNIT, removedUnitKey(unitId)),

    async roleHolder(roleArn) {
      return (await table.read(ROLE_CLAIM, roleKey(roleArn)))?.ownerId;
    },

    async dueForCheck(now, limit) {
      const keys = await table.openKeys(unitChecksPartition(), dueBefore(now), limit);
      return keys.map((key) => dueEntry(key).jobId);
    },

    async findSame(key) {
      const same = await table.read(SAME_UNIT, sameUnitKey(key));
      return same && get(same.unitId);
    },

    async listVisible(ownerId, appId) {
      const [own, shared, granted] = await Promise.all([
        listPartition(ownUnitsPartition(ownerId, appId)),
        listPartition(sharedUnitsPartition(appId)),
        pageGranted(ownerId, appId, { limit: MAX_PAGE }),
      ]);
      // While a unit is being shared, the index may show it in both places for a moment.
      return [...new Map([...own, ...shared, ...granted.items].map((unit) => [unit.unitId, unit])).values()];
    },

    async pageVisible(ownerId, appId, { limit, cursor, own, mode }) {
      const ofPartition = (partition: string) => (options: PageOptions) =>
        table.page(UNIT, { index: 'gsi1', partition }, options);
      const lists = [
        ofPartition(sharedUnitsPartition(appId)),
        (options: PageOptions) => pageGranted(ownerId, appId, options),
        ofPartition(ownUnitsPartition(ownerId, appId)),
      ];
      // No list is read that holds nothing of what is asked for.
      const end = mode === 'mode_1' ? OF_PEOPLE : lists.length;
      const begin = own ? OWN_UNITS : mode === 'mode_2' ? OF_PEOPLE : 0;
      const [, first, start] = PAGE_CURSOR.exec(cursor ?? `${begin}.`) ?? [undefined, '0', 'not a cursor'];
      const items: Unit[] = [];
      for (let at = Number(first), from = start || undefined; at < end; ) {
        const page = await lists[at]({ limit: limit - items.length, cursor: from });
        items.push(...page.items);
        from = page.cursor;
        if (from === undefined) at++;
        if (items.length >= limit && at < end) return { items, cursor: `${at}.${from ?? ''}` };
      }
      return { items, cursor: undefined };
    },

    async put(unit, most) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const stored = await get(unit.unitId);
        if ((stored?.version ?? 0) !== unit.version - 1) return 'conflict';
        const operations = await replacement(unit, stored);
        if (operations === 'role_taken') return 'role_taken';
        const [first, ...claims] = operations;
        if (claims.length === 0 && 'put' in first && first.condition) {
          return (await table.write(first.put, first.condition)) ? 'stored' : 'conflict';
        }
        const outcome = stored
          ? await table.transact(operations)
          : await holdings.transact(unit.ownerId, { units: 1 }, { units: most }, operations);
        if (outcome === 'written') return 'stored';
        if ('full' in outcome) return 'full';
        const [unitChanged] = outcome;
        if (unitChanged || naturalKeyTaken(operations, outcome)) return 'conflict';
        // Only a role claim moved meanwhile: look again whose it is now.
      }
      return 'conflict';
    },

    async remove(unit) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const stored = await get(unit.unitId);
        if (!stored) return;
        const role = heldRole(stored);
        const outcome = await holdings.transact(stored.ownerId, { units: -1 }, {}, [
          { remove: unitKey(stored.unitId), condition: ofVersion(stored.version) },
          { put: tombstone(stored) },
          { remove: sameUnitKey(stored) },
          ...(role ? await releaseRole(role, stored.unitId) : []),
          ...grants(undefined, stored),
        ]);
        if (outcome === 'written') return;
      }
      throw new AppError('conflict', 'the computing unit is being changed by too many at once');
    },
  };
}

/** The role a unit holds for its owner: only who has proven the account can keep others from registering it. */
function heldRole({ crossAccountRoleArn, proof }: Unit): string | undefined {
  return proof ? crossAccountRoleArn : undefined;
}

function itemOf(unit: Unit): ReturnType<typeof toItem> {
  const partition = unit.isShared
    ? sharedUnitsPartition(unit.appId)
    : ownUnitsPartition(unit.ownerId, unit.appId);
  return toItem(UNIT, unitKey(unit.unitId), unit, {
    ...listed(partition, unit.createdAt, unit.unitId),
    ...checkIndexKeys(unit),
    version: unit.version,
  });
}

function putClaim(roleArn: string, stored: RoleClaim | undefined, next: RoleClaim): Operation {
  return {
    put: toItem(ROLE_CLAIM, roleKey(roleArn), next, { version: next.version }),
    condition: stored ? ofVersion(stored.version) : ABSENT,
  };
}

function naturalKeyTaken(operations: Operation[], failed: boolean[]): boolean {
  return operations.some(
    (operation, index) => failed[index] && 'put' in operation && operation.put.kind === SAME_UNIT.name,
  );
}
