/** The identity of people, put together: audited, and with all that goes when a person goes. */
import type { Audit } from '../audit/audit.ts';
import { noteSignInRefused } from '../audit/audited.ts';
import { auditedIdentity } from './audited.ts';
import { createIdentity, type Identity, type IdentityDeps } from './identity.ts';

export interface IdentityServicesDeps extends Omit<IdentityDeps, 'onSignInRefused' | 'onRemoved'> {
  audit: Pick<Audit, 'record' | 'noteCount'>;
  /** Services that hold things of a person; asked one after the other, again if it was interrupted. */
  leftBehind: readonly { removeAll(userId: string): Promise<unknown> }[];
}

/** Creates the identity service of one broker process. */
export function createIdentityServices({ audit, leftBehind, ...deps }: IdentityServicesDeps): Identity {
  const identity = createIdentity({
    ...deps,
    onSignInRefused: noteSignInRefused(audit),
    async onRemoved(userId) {
      for (const service of leftBehind) await service.removeAll(userId);
    },
  });
  return auditedIdentity(identity, audit);
}
