/** The services around computing units, put together: what the composition root and the tests share. */
import { createExternalIds } from './external-ids.ts';
import { createOwnership } from './ownership.ts';
import type { Clock, Ids, TokenStore, UnitCloud, UnitStore } from './ports.ts';
import { createPreflight } from './preflight/preflight.ts';
import { createTrustChecks } from './preflight/trust.ts';
import type { CallerIdentities, UnitTrust } from './unit-ports.ts';
import { createUnits, type Units } from './units.ts';
import { createRegister } from './units-register.ts';

export interface UnitServicesDeps {
  units: UnitStore;
  tokens: TokenStore;
  cloud: UnitCloud;
  callers: CallerIdentities;
  trust: UnitTrust;
  clock: Clock;
  ids: Ids;
  hubAccountId: string;
  brokerRoleArn: string;
}

/** Creates them. */
export function createUnitServices(deps: UnitServicesDeps): { units: Units } {
  const { units, tokens, cloud, clock, ids, brokerRoleArn } = deps;
  const externalIds = createExternalIds({ tokens, clock, ids, brokerRoleArn });
  const ownership = createOwnership({ tokens, callers: deps.callers, clock, ids, audience: brokerRoleArn });
  const checkTrust = createTrustChecks({ trust: deps.trust, clock, brokerRoleArn });
  const check = createPreflight({ checkTrust, cloud, clock });
  const registering = createRegister({ ...deps, ownership, externalIds, check });
  return { units: createUnits({ units, cloud, registering, ownership, externalIds }) };
}
