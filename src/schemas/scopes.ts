/** What a personal access token may be used for. A token that a person signed in with may be used for everything. */
import { z } from 'zod';

export const scope = z.enum([
  'profile:read',
  'jobs:read',
  'jobs:write',
  'data:read',
  'data:write',
  'units:read',
  'units:write',
  'audit:read',
  'webhooks:read',
  'webhooks:write',
  'admin:read',
  'admin:write',
]);
export type Scope = z.infer<typeof scope>;

/** True if these scopes allow `wanted`; who may write may also read. */
export function allows(scopes: readonly Scope[], wanted: Scope): boolean {
  const [area, act] = wanted.split(':');
  return scopes.includes(wanted) || (act === 'read' && scopes.some((given) => given === `${area}:write`));
}
