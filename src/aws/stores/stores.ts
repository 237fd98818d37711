/** All stores of the broker over one table. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { NewsStore } from '../../../services/clockwork/news-ports.ts';
import type { MemberStore } from '../../../services/clockwork/share-ports.ts';
import type { AccessTokenStore, SignInStore } from '../../../services/identity/ports.ts';
import type { WaiterStore } from '../../../services/jobs/waiting.ts';
import type { HoldingStore } from '../../../services/limits/allowances.ts';
import type { MailStore } from '../../../services/mail/ports.ts';
import type { QueueStore } from '../../../services/operations/overview-ports.ts';
import type {
  AsideStore,
  AuditStore,
  Clock,
  DataStore,
  DraftStore,
  JobStore,
  Log,
  RoiStore,
  TokenStore,
  UsageStore,
  UserStore,
} from '../../../services/ports.ts';
import type { SwitchStore } from '../../../services/units/kill-switch.ts';
import type { UnitStore } from '../../../services/units/ports.ts';
import type { DeliveryStore, WebhookStore } from '../../../services/webhooks/ports.ts';
import { createCursors } from '../table/cursor.ts';
import { createItemTable, type ItemTable } from '../table/item-table.ts';
import { createAccessTokenStore } from './access-token-store.ts';
import { createAsideStore } from './aside-store.ts';
import { createAuditStore } from './audit-store.ts';
import { createDataStore } from './data-store.ts';
import { createDraftStore } from './draft-store.ts';
import { createHoldings } from './holdings.ts';
import { createJobStore } from './job-store.ts';
import { createMailStore } from './mail-store.ts';
import { createMemberStore } from './member-store.ts';
import { createNewsStore } from './news-store.ts';
import { createQueueStore } from './queue-store.ts';
import { createRoiStore } from './roi-store.ts';
import { createSignInStore } from './sign-in-store.ts';
import { createSwitchStore } from './switch-store.ts';
import { createTokenStore } from './token-store.ts';
import { createUnitStore } from './unit-store.ts';
import { createUsageStore } from './usage-store.ts';
import { createUserStore } from './user-store.ts';
import { createWaiterStore } from './waiter-store.ts';
import { createDeliveryStore, createWebhookStore } from './webhook-store.ts';

export interface StoresDeps {
  readonly documents: DynamoDBDocumentClient;
  readonly tableName: string;
  /** Authenticates list cursors; the same in all broker processes. */
  readonly cursorSecret: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Stores {
  readonly members: MemberStore;
  readonly bulletins: NewsStore;
  readonly aside: AsideStore;
  readonly jobs: JobStore;
  readonly units: UnitStore;
  readonly users: UserStore;
  readonly tokens: TokenStore;
  readonly accessTokens: AccessTokenStore;
  readonly signIns: SignInStore;
  readonly mails: MailStore;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly data: DataStore;
  readonly holdings: HoldingStore;
  readonly rois: RoiStore;
  readonly usage: UsageStore;
  readonly drafts: DraftStore;
  readonly audit: AuditStore;
  readonly killSwitch: SwitchStore;
  readonly queues: QueueStore;
  readonly waiters: WaiterStore;
}

/** Creates the stores. */
export function createStores({ documents, tableName, cursorSecret, clock, log }: StoresDeps): Stores {
  return storesOn(
    createItemTable({ documents, tableName, cursors: createCursors(cursorSecret), log }),
    clock,
  );
}

/** The stores over any access to a table. */
export function storesOn(table: ItemTable, clock: Clock): Stores {
  const holdings = createHoldings(table);
  return {
    aside: createAsideStore(table),
    members: createMemberStore(table),
    bulletins: createNewsStore(table),
    jobs: createJobStore(table),
    units: createUnitStore(table, clock, holdings),
    users: createUserStore(table),
    tokens: createTokenStore(table, clock),
    accessTokens: createAccessTokenStore(table, clock, holdings),
    signIns: createSignInStore(table),
    mails: createMailStore(table),
    webhooks: createWebhookStore(table, holdings),
    deliveries: createDeliveryStore(table),
    data: createDataStore(table, holdings),
    holdings,
    rois: createRoiStore(table),
    usage: createUsageStore(table),
    drafts: createDraftStore(table),
    audit: createAuditStore(table),
    killSwitch: createSwitchStore(table),
    queues: createQueueStore(table),
    waiters: createWaiterStore(table),
  };
}
