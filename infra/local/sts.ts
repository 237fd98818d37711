/**
 * Security Token Service: AssumeRole and GetCallerIdentity of the query protocol. Sessions are stateless:
 * the token carries what the session may do, sealed with the master key (credentials.ts).
 */
import { rootArn } from './arn.ts';
import { AwsError, type Clock, notEmulated, type RoleCredentials } from './contract.ts';
import { isSessionKey, type KeyRing } from './credentials.ts';
import type { Authorizer, Identity } from './iam/authorize.ts';
import { type Policy, readPolicy } from './iam/policy.ts';
import type { Trust } from './iam/trust.ts';
import type { RoleRecord } from './registry/catalog.ts';
import type { CloudRegistry } from './registry.ts';
import { authError } from './sigv4/auth-errors.ts';
import type { FindHolder } from './sigv4/verify.ts';
import { MAX_POLICY_CHARACTERS, readAssumeRole, validationError } from './sts/parameters.ts';
import type { XmlTree } from './sts/xml.ts';

export interface Sts {
  /** Runs one operation; `form` is the body of a POST or the query of a GET. */
  call(action: string, form: URLSearchParams, identity: Identity, region: string): XmlTree;
  /** Who holds an access key, if the session token fits to it. */
  find: FindHolder<Identity>;
  /** Credentials of a role for an AWS service that the role trusts, `lambda.amazonaws.com` for example. */
  forService(service: string): RoleCredentials;
}

const VERSION = '2011-06-15';
const CHAINED_SECONDS = 3_600;
const REMEMBERED_POLICIES = 500;

export function createSts(deps: {
  registry: Pick<CloudRegistry, 'roleRecord'>;
  keys: KeyRing;
  authorizer: Authorizer;
  trust: Trust;
  clock: Clock;
}): Sts {
  const { registry, keys, authorizer, trust, clock } = deps;

  const assumeRole = (form: URLSearchParams, identity: Identity, region: string): XmlTree => {
    const input = readAssumeRole(form);
    const { caller } = identity;
    const record = trust.assumable(
      identity,
      input.roleArn,
      input.sourceIdentity === undefined ? ['sts:AssumeRole'] : ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      {
        ...authorizer.globalKeys(caller, identity.userId, region),
        'sts:ExternalId': input.externalId,
        'sts:RoleSessionName': input.sessionName,
        'sts:SourceIdentity': input.sourceIdentity,
      },
    );
    if (!record) {
      const why =
        caller.kind === 'root'
          ? 'Roles may not be assumed by root accounts.'
          : `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.roleArn}`;
      throw authError('sts', 'denied', why);
    }
    const { sourceIdentity = identity.sourceIdentity } = input;
    if (identity.sourceIdentity !== undefined && sourceIdentity !== identity.sourceIdentity) {
      throw authError('sts', 'denied', 'The source identity of a session cannot be changed.');
    }
    checkDuration(input.durationSeconds, record, caller.kind === 'session');
    const session = keys.mintSession({
      roleArn: input.roleArn,
      roleId: record.roleId,
      sessionName: input.sessionName,
      expiresAt: clock() + input.durationSeconds * 1_000,
      policy: input.policy?.text,
      sourceIdentity,
    });
    return {
      AssumedRoleUser: {
        AssumedRoleId: `${record.roleId}:${input.sessionName}`,
        Arn: sessionArn(record, input.sessionName),
      },
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: new Date(session.expiresAt).toISOString(),
      },
      PackedPolicySize: input.policy && Math.ceil((100 * input.policy.text.length) / MAX_POLICY_CHARACTERS),
      SourceIdentity: sourceIdentity,
    };
  };

  // A session signs many requests; its policy is read once.
  const sessionPolicies = new Map<string, Policy>();
  const sessionPolicy = (text: string): Policy => {
    let policy = sessionPolicies.get(text);
    if (!policy) {
      policy = readPolicy(JSON.parse(text), 'identity');
      if (sessionPolicies.size >= REMEMBERED_POLICIES) sessionPolicies.clear();
      sessionPolicies.set(text, policy);
    }
    return policy;
  };

  const findSession = (accessKeyId: string, token: string) => {
    const claims = keys.openSession(accessKeyId, token);
    if (!claims) return 'bad_token';
    const record = registry.roleRecord(claims.roleArn);
    if (!record || record.roleId !== claims.roleId) return 'unknown_key';
    return {
      secretAccessKey: keys.sessionSecret(accessKeyId),
      expiresAt: claims.expiresAt,
      userId: `${record.roleId}:${claims.sessionName}`,
      sessionPolicy: claims.policy === undefined ? undefined : sessionPolicy(claims.policy),
      sourceIdentity: claims.sourceIdentity,
      caller: {
        accountId: record.accountId,
        arn: sessionArn(record, claims.sessionName),
        principalArn: claims.roleArn,
        kind: 'session' as const,
        expiresAt: claims.expiresAt,
      },
    };
  };

  return {
    call(action, form, identity, region) {
      if (form.get('Version') !== VERSION) {
        throw new AwsError(
          'InvalidAction',
          `Could not find operation ${action} for version ${form.get('Version')}`,
        );
      }
      if (action === 'AssumeRole') return assumeRole(form, identity, region);
      if (action === 'GetCallerIdentity') {
        const { caller, userId } = identity;
        return { Arn: caller.arn, UserId: userId, Account: caller.accountId };
      }
      throw notEmulated(`sts:${action.slice(0, 64)}`);
    },
    find(accessKeyId, token) {
      const accountId = keys.rootAccount(accessKeyId);
      if (accountId !== undefined) {
        if (token !== undefined) return 'bad_token';
        const arn = rootArn(accountId);
        return {
          secretAccessKey: keys.rootCredentials(accountId).secretAccessKey,
          userId: accountId,
          caller: { accountId, arn, principalArn: arn, kind: 'root' },
        };
      }
      // Without its token a session key is as unknown as one that was never given out.
      if (!isSessionKey(accessKeyId) || token === undefined) return 'unknown_key';
      return findSession(accessKeyId, token);
    },
    forService: (service) => (roleArn, sessionName, durationSeconds) => {
      const record = trust.assumableByService(service, roleArn);
      if (!record) {
        throw authError('sts', 'denied', `${service} is not authorized to assume ${roleArn}.`);
      }
      return keys.mintSession({
        roleArn,
        roleId: record.roleId,
        sessionName,
        expiresAt: clock() + durationSeconds * 1_000,
      });
    },
  };
}

function sessionArn({ accountId, role }: RoleRecord, sessionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`;
}

function checkDuration(seconds: number, { role }: RoleRecord, chained: boolean): void {
  if (seconds > (role.maxSessionSeconds ?? 3_600)) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  if (chained && seconds > CHAINED_SECONDS) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
}
