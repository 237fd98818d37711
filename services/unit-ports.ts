/** What the trust and the checks of computing units need from the outside, beside ports.ts. */
import type { Unit } from '../src/schemas/unit.ts';

/** What a registrant has signed for sts:GetCallerIdentity; all else of the request is the broker's own. */
export interface SignedIdentity {
  /** Names in lower case. */
  readonly authorization: string;
  readonly amzDate: string;
  readonly securityToken: string | undefined;
  readonly challenge: string;
}

/** The request that is to be signed, byte for byte. */
export interface IdentityRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The signature is not one that shows who signs; `message` says why, without repeating anything secret. */
export class ProofError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProofError';
  }
}

/** Asks STS who signed. */
export interface CallerIdentities {
  /** What must be signed for a challenge. */
  requestFor(challenge: string): IdentityRequest;
  /** @throws ProofError if it is not signed as it must be; CloudError `unavailable` if STS does not answer. */
  callerOf(signed: SignedIdentity): Promise<{ accountId: string; arn: string }>;
}

/** How a role takes the three ways in: with the external ID, without any, with a wrong one. */
export interface TrustFindings {
  /** Percent of the room for session policies that ours takes; undefined if AWS did not say. */
  readonly policyPercent: number | undefined;
  /** The ways that must be closed and are open. */
  readonly open: readonly ('without an external ID' | 'with a wrong external ID')[];
}

export interface UnitTrust {
  /** @throws CloudError; `trust_denied` if the role does not let the broker in with the external ID. */
  probe(unit: Unit): Promise<TrustFindings>;
}
