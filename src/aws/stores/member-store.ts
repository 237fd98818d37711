/** Broker processes and what they hold, in DynamoDB: two small partitions that are read whole. */
import { z } from 'zod';
import type { Lease, Member, MemberStore } from '../../../services/clockwork/share-ports.ts';
import { ABSENT, ofVersion, ofVersionOrNone } from '../table/conditions.ts';
import { type ItemTable, MAX_PAGE } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { LEASES_PARTITION, leaseKey, MEMBERS_PARTITION, memberKey } from '../table/table.ts';

export const MEMBER: Kind<Member> = {
  name: 'broker-process',
  schema: 1,
  shape: z.object({
    brokerId: z.string(),
    startedAt: z.number(),
    seenAt: z.number(),
    beat: z.number(),
    release: z.string(),
    generation: z.number(),
    figures: z.record(z.string(), z.unknown()),
    unheard: z.boolean().optional(),
    hands: z.array(z.string()).optional(),
    alone: z.string().optional(),
  }),
};

export const LEASE: Kind<Lease> = {
  name: 'lease',
  schema: 1,
  shape: z.object({
    piece: z.string(),
    brokerId: z.string().optional(),
    version: z.number().int(),
  }) as z.ZodType<Lease>,
};

/** A process that died without a word is remembered this long, if nobody buries it before. */
const MEMORY_SECONDS = 24 * 3_600;

/** Creates the store. */
export function createMemberStore(table: ItemTable): MemberStore {
  return {
    async beat(member) {
      const expiresAtSeconds = Math.ceil(member.seenAt / 1000) + MEMORY_SECONDS;
      const extra = { expiresAtSeconds, version: member.beat };
      await table.write(toItem(MEMBER, memberKey(member.brokerId), member, extra));
    },
    async members() {
      return (await table.page(MEMBER, { partition: MEMBERS_PARTITION }, { limit: MAX_PAGE })).items;
    },
    async leases() {
      return (await table.page(LEASE, { partition: LEASES_PARTITION }, { limit: MAX_PAGE })).items;
    },
    put(lease) {
      const item = toItem(LEASE, leaseKey(lease.piece), lease, { version: lease.version });
      return table.write(item, lease.version === 1 ? ABSENT : ofVersion(lease.version - 1));
    },
    remove: (brokerId) => table.remove(memberKey(brokerId)),
    async bury({ brokerId, beat }) {
      // An older release gave its signs of life no version; one that lives gives another soon.
      await table.transact([{ remove: memberKey(brokerId), condition: ofVersionOrNone(beat) }]);
    },
  };
}
