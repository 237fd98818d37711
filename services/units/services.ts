/** The services around computing units, put together: what the composition root and the tests share. */

import type { Audit } from '../audit/audit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import { createSpendToday, type HoldingStore } from '../limits/allowances.ts';
import type { Clock, Ids, JobStore, Log, TokenStore, UnitCloud, UserStore } from '../ports.ts';
import { createBrowserChecks } from '../preflight/browsers.ts';
import { createBucketChecks } from '../preflight/buckets.ts';
import { createCanary, type Phantom } from '../preflight/canary.ts';
import { createMachineCheck } from '../preflight/machine.ts';
import { createPreflight } from '../preflight/preflight.ts';
import { createQuotaCheck } from '../preflight/quotas.ts';
import { createRegionCheck } from '../preflight/region.ts';
import { createTrustChecks } from '../preflight/trust.ts';
import type { ReleasedWorker } from '../preflight/worker.ts';
import { createExternalIds } from './external-ids.ts';
import { createOwnership } from './ownership.ts';
import type { CallerIdentities, UnitProbe, UnitStore, UnitTrust } from './ports.ts';
import { createRegister } from './register.ts';
import { createUnits, type Units } from './units.ts';
import { createUnitWatch, type UnitWatch, type UnitWatchDeps } from './watch.ts';

/** What the checks compare with: parts of this release. */
export interface Release {
  /** Text of the state machine's definition, with its `${Names}` still in it. */
  readonly definition: string;
  readonly phantom: Phantom;
  readonly worker: ReleasedWorker;
}

export interface UnitServicesDeps {
  units: UnitStore;
  users: Pick<UserStore, 'get' | 'findByEmail'>;
  tokens: TokenStore;
  holdings: HoldingStore;
  jobs: JobStore;
  cloud: UnitCloud;
  callers: CallerIdentities;
  trust: UnitTrust;
  probe: UnitProbe;
  ticker: Pick<Ticker, 'nudge'>;
  audit: Pick<Audit, 'record'>;
  clock: Clock;
  ids: Ids;
  log: Log;
  hubAccountId: string;
  brokerRoleArn: string;
  tokenSecret: string;
  /** ARN patterns: who of an account may prove it. */
  proofCallers: readonly string[];
  /** Addresses of web interfaces, as configured. */
  origins: readonly string[];
  /** Address of the pages that the broker itself serves. */
  consoleOrigin: () => string;
  release: Release;
  /** Whether this process looks at units that are due. Default: it does. */
  mine?: () => boolean;
  /** Looks for executions that nobody waits for, with every round of checks. */
  visit?: UnitWatchDeps['visit'];
  /** Brings forward the jobs that wait for a unit, if it is open. */
  goOn?: UnitWatchDeps['goOn'];
}

/** Creates them. */
export function createUnitServices(deps: UnitServicesDeps): { units: Units; watch: UnitWatch } {
  const { units, users, clock, brokerRoleArn, release } = deps;
  const spendToday = createSpendToday(deps);
  const externalIds = createExternalIds({ ...deps, spendToday });
  const ownership = createOwnership({
    ...deps,
    spendToday,
    audience: brokerRoleArn,
    allowed: deps.proofCallers,
  });
  const checkTrust = createTrustChecks(deps);
  const check = createPreflight({
    checkTrust,
    checkRegion: createRegionCheck(deps),
    checkMachine: createMachineCheck({ ...deps, template: release.definition }),
    checkBuckets: createBucketChecks(deps),
    checkBrowsers: createBrowserChecks(deps),
    checkQuotas: createQuotaCheck({ ...deps, fargate: release.worker.fargate }),
    clock,
  });
  const canary = createCanary({ ...deps, ...release });
  const watch = createUnitWatch({ ...deps, check, checkTrust, canary });
  const registering = createRegister({ ...deps, ownership, externalIds, watch, check });
  return {
    units: createUnits({
      units,
      users,
      cloud: deps.cloud,
      registering,
      ownership,
      externalIds,
      watch,
      clock,
    }),
    watch,
  };
}
