import type { PolicyDocument } from '../../infra/local/contract.ts';

/** Trust of a role that AWS services take on. */
export function serviceTrust(...services: string[]): PolicyDocument {
  return { Statement: [{ Effect: 'Allow', Principal: { Service: services }, Action: 'sts:AssumeRole' }] };
}
