/** Who asks, as the routes found out from the token. */
import type { Role } from '../src/schemas/identity.ts';
import type { Scope } from '../src/schemas/scopes.ts';

export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** When the token that was presented ends, epoch ms: open streams end with it. */
  readonly expiresAt?: number;
  /** What a personal access token may be used for; undefined: everything. */
  readonly scopes?: readonly Scope[];
}

/** Name of a person in histories and audits. */
export function byUser(principal: Principal): string {
  return `user:${principal.userId}`;
}
