/** What the services reach the outside with: the table, the accounts of computing units, the other broker processes. */
import type { Logger } from 'pino';
import { type Audit, createAudit } from '../services/audit/audit.ts';
import { recordRoleUse } from '../services/audit/audited.ts';
import { budgetedCloud } from '../services/clockwork/budgeted-cloud.ts';
import { type Budgets, createBudgets } from '../services/clockwork/budgets.ts';
import { PIECES } from '../services/clockwork/clockwork.ts';
import { patientCloud } from '../services/clockwork/patient-cloud.ts';
import type { Hands } from '../services/clockwork/share-ports.ts';
import { createShares, type Shares } from '../services/clockwork/shares.ts';
import type { Clock, Ids, Timers, UnitCloud } from '../services/ports.ts';
import { createKillSwitch, type KillSwitch } from '../services/units/kill-switch.ts';
import { createSessionUses, type SessionUses } from '../services/units/session-uses.ts';
import { createSessions, type Sessions, type SessionsDeps } from './aws/accounts/sessions.ts';
import { createUnitCloud } from './aws/accounts/unit-cloud.ts';
import { type AwsClients, createAwsClients } from './aws/clients.ts';
import { type CredentialSource, createBaseCredentials } from './aws/credentials.ts';
import { createDependencyHealth, type DependencyHealth } from './aws/dependency-health.ts';
import { createStores, type Stores } from './aws/stores/stores.ts';
import type { Config } from './config.ts';
import { RELEASED_WORKER } from './run-estimator.ts';
import type { ProcessFigures } from './schemas/figures.ts';
import { STORE_GENERATION } from './schemas/generation.ts';
import { createTimers } from './timers.ts';

/** Where AWS is: the real one, or the embedded cloud. */
export interface CloudPlace {
  /** Undefined on AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly hubAccountId: string;
  readonly brokerRoleArn: string;
  /** Assumed for Mode 1 units that name no role of their own. Undefined: the broker's role assumes itself. */
  readonly mode1RoleArn?: string;
  readonly credentials: CredentialSource;
}

export interface AdaptersOptions {
  readonly config: Pick<Config, 'tableName' | 'quotas'>;
  readonly place: CloudPlace;
  readonly platform: SessionsDeps['platform'];
  /** Authenticates list cursors; the same in all broker processes. */
  readonly cursorSecret: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What this process tells the others of itself. */
  readonly figures: () => ProcessFigures;
  /** What it works on, which it tells as well. */
  readonly hands: () => Hands;
  /** Whether the others do not hear what this process writes. */
  readonly unheard: () => boolean;
}

export interface Adapters {
  readonly clients: AwsClients;
  /** How AWS answers. */
  readonly health: DependencyHealth;
  readonly stores: Stores;
  readonly audit: Audit;
  /** Told to the audit from time to time. */
  readonly uses: SessionUses;
  readonly sessions: Sessions;
  /** Asked no faster than the budgets allow. */
  readonly cloud: UnitCloud;
  /** The same for the steps of jobs: who has just given no answer is not asked again for a moment. */
  readonly jobCloud: UnitCloud;
  readonly killSwitch: KillSwitch;
  readonly budgets: Budgets;
  readonly shares: Shares;
  readonly timers: Timers;
  /** Gives the pieces of work back to the others; whatever goes wrong, they take them a moment later. */
  leave(): Promise<void>;
}

/** Creates them; nothing is asked of AWS yet. */
export function createAdapters(options: AdaptersOptions): Adapters {
  const { config, place, platform, cursorSecret, log, clock, ids } = options;
  const { region, endpoint, hubAccountId } = place;
  const credentials = createBaseCredentials(place.credentials, clock);
  const health = createDependencyHealth({ clock });
  const clients = createAwsClients({ region, endpoint, credentials, observed: health.observed });
  const { documents, sts } = clients;
  const stores = createStores({ documents, tableName: config.tableName, cursorSecret, clock, log });
  const timers = createTimers();
  const shares = createShares({
    members: stores.members,
    pieces: PIECES,
    generation: STORE_GENERATION,
    release: RELEASED_WORKER.version,
    figures: options.figures,
    unheard: options.unheard,
    hands: options.hands,
    clock,
    ids,
    log,
  });
  const budgets = createBudgets({ quotas: config.quotas, live: shares.live, clock, timers });
  const audit = createAudit({ store: stores.audit, clock, ids, log });
  const uses = createSessionUses({ audit, clock });
  const sessions = createSessions({
    sts,
    baseCredentials: credentials,
    platform,
    clock,
    onAssumed: recordRoleUse(audit),
    beforeUse: uses.begin,
    mustBeOpen: () => killSwitch.mustBeOpen(),
    beforeAssume: () => budgets.take(hubAccountId, region, 'AssumeRole'),
  });
  const cloud = budgetedCloud(createUnitCloud({ clients, sessions, clock }), budgets);
  const killSwitch = createKillSwitch({ store: stores.killSwitch, units: stores.units, cloud, clock });
  return {
    clients,
    health,
    stores,
    audit,
    uses,
    sessions,
    cloud,
    jobCloud: patientCloud(cloud, { clock, ids }),
    killSwitch,
    budgets,
    shares,
    timers,
    async leave() {
      try {
        await shares.leave();
      } catch (error) {
        log.warn({ err: error }, 'the pieces of work could not be given back');
      }
    },
  };
}
