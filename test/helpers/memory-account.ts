/**
 * The role of a computing unit in memory, beside memory-cloud.ts: whoever signs with the word of an account is
 * that account, and tests decide how the role takes those who come.
 */
import { CloudError, type CloudProblem } from '../../services/ports.ts';
import {
  type BucketSettings,
  type CallerIdentities,
  ProofError,
  type TrustFindings,
  type UnitProbe,
  type UnitTrust,
} from '../../services/units/ports.ts';

export interface MemoryAccount extends CallerIdentities, UnitTrust, UnitProbe {
  /** Every AssumeRole fails in this way. */
  refuse?: CloudProblem;
  /** Ways in that must be closed and are open. */
  open: TrustFindings['open'];
  probes: number;
  /** Buckets in which nothing is allowed. */
  closedBuckets: string[];
  outside: boolean;
  settingsOf: BucketSettings;
  objects: Map<string, number>;
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
    closedBuckets: [],
    outside: false,
    settingsOf: { publicAccessBlocked: true, encrypted: true, tlsOnly: true },
    objects: new Map(),
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
      return { policyPercent: 40, open: account.open, sourceIdentity: true };
    },
    definition: async () => '{}',
    tags: async () => ({}),
    bucketRegion: async (unit) => unit.region,
    quota: async () => 1_000,
    async put(_unit, { bucket, key }, content) {
      if (account.closedBuckets.includes(bucket)) {
        throw new CloudError('denied', 'PutObject', 'AccessDenied', 'ordered by the test');
      }
      account.objects.set(`${bucket}/${key}`, content.length);
    },
    readBack: async () => undefined,
    remove: async (_unit, { bucket, key }) => void account.objects.delete(`${bucket}/${key}`),
    reachesOutside: async () => account.outside,
    settings: async () => account.settingsOf,
    seesAllBuckets: async () => account.outside,
    fetchUrl: async (_url, origin) => ({ status: 200, sizeBytes: 4, allowOrigin: origin, date: undefined }),
    askAsPage: async () => ({
      status: 200,
      allowOrigin: '*',
      allowMethods: 'GET, PUT',
      allowHeaders: '*',
      exposedHeaders: 'ETag',
    }),
  };
  return account;
}
