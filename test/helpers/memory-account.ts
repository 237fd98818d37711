/**
 * The role of a computing unit in memory, beside memory-cloud.ts: whoever signs with the word of an account is
 * that account, and tests decide how the role takes those who come.
 */
import { CloudError, type CloudProblem } from '../../services/ports.ts';
import {
  type CallerIdentities,
  ProofError,
  type TrustFindings,
  type UnitTrust,
} from '../../services/unit-ports.ts';

export interface MemoryAccount extends CallerIdentities, UnitTrust {
  /** Every AssumeRole fails in this way. */
  refuse?: CloudProblem;
  /** Ways in that must be closed and are open. */
  open: TrustFindings['open'];
  probes: number;
}

/** The headers of a request that account `accountId` has signed. */
export function signedBy(accountId: string, challenge: string): { headers: Record<string, string> } {
  return {
    headers: {
      Authorization: `memory ${accountId}`,
      'X-Amz-Date': '20991122T093000Z',
      'X-CloudMR-Challenge': challenge,
    },
  };
}

export function memoryAccount(): MemoryAccount {
  const account: MemoryAccount = {
    open: [],
    probes: 0,
    requestFor: (challenge) => ({
      method: 'POST',
      url: 'https://sts.us-east-1.amazonaws.com/',
      headers: { 'x-cloudmr-challenge': challenge },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    }),
    async callerOf({ authorization }) {
      const [, accountId] = /^memory (\d{12})$/.exec(authorization) ?? [];
      if (!accountId) throw new ProofError('STS does not accept the signature');
      return { accountId, arn: `arn:aws:iam::${accountId}:user/deployer` };
    },
    async probe() {
      account.probes++;
      if (account.refuse) {
        throw new CloudError(account.refuse, 'AssumeRole', 'Refused', 'ordered by the test');
      }
      return { policyPercent: 40, open: account.open };
    },
  };
  return account;
}
