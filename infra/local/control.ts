/**
 * The embedded cloud's own interface under `/_cloudmr/`: stacks (in place of CloudFormation), ordered
 * faults, quotas, call counts, health, and the endpoint where containers get their role's credentials.
 */

import { roleArn } from './arn.ts';
import type { Vault } from './backup/vault.ts';
import type { CallCounter } from './calls.ts';
import {
  AwsError,
  type Caller,
  type Credentials,
  notEmulated,
  type RoleCredentials,
  type StackDocument,
} from './contract.ts';
import type { KeyRing } from './credentials.ts';
import type { Faults } from './faults.ts';
import type { CloudRegistry } from './registry.ts';
import { authError } from './sigv4/auth-errors.ts';

export const CONTROL_PREFIX = '/_cloudmr/';

/** Like the credentials of an ECS task, they are renewed well within the hour. */
const CONTAINER_SECONDS = 3_600;

export interface Asked {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
}

export interface Control {
  /** Answers what needs no signature; undefined for all else. `token` is the Authorization header. */
  open(asked: Asked, token: string | undefined): object | undefined;
  /** Answers an account's root with a stream; undefined for all that has another answer. */
  streamed(asked: Asked, caller: Caller): AsyncIterable<Uint8Array> | undefined;
  /** Answers an account's root. Throws AwsError. */
  signed(asked: Asked, body: Buffer, caller: Caller): Promise<object>;
}

export interface ControlDeps {
  readonly registry: Pick<CloudRegistry, 'applyStack' | 'removeStack'>;
  readonly faults: Faults;
  readonly calls: CallCounter;
  readonly keys: KeyRing;
  readonly vault: Pick<Vault, 'frames'>;
  /** Mints credentials of roles that trust ECS tasks. */
  readonly taskCredentials: RoleCredentials;
  /** Gives an account another quota. */
  readonly setQuota: (accountId: string, input: unknown) => object;
  /** Makes the tables of a stack. */
  readonly deployTables: (document: StackDocument) => Promise<void>;
}

export function createControl(deps: ControlDeps): Control {
  const { registry, faults, calls, keys } = deps;

  const containerCredentials = (accountId: string, roleName: string, token: string | undefined): object => {
    if (!token || !keys.isContainerToken(token, accountId, roleName)) {
      throw refusedContainer('The container token does not fit to this role.');
    }
    const session = mint(accountId, roleName);
    return {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      Token: session.sessionToken,
      Expiration: new Date(session.expiresAt).toISOString(),
    };
  };

  const mint = (accountId: string, roleName: string): Credentials => {
    try {
      return deps.taskCredentials(roleArn(accountId, roleName), 'container', CONTAINER_SECONDS);
    } catch (error) {
      throw error instanceof AwsError ? refusedContainer(error.message) : error;
    }
  };

  const applyStack = async (body: Buffer, caller: Caller): Promise<object> => {
    const input = parse(body);
    requireAccount(caller, (input as { accountId?: unknown })?.accountId);
    const document = await registry.applyStack(input);
    await deps.deployTables(document);
    return { stackName: document.stackName, accountId: document.accountId, region: document.region };
  };

  const removeStack = async (caller: Caller, accountId: string, name: string): Promise<object> => {
    requireAccount(caller, accountId);
    await registry.removeStack(name, accountId);
    return {};
  };

  const addFault = (body: Buffer, caller: Caller): object => {
    const input = parse(body);
    const { accountId } = input as { accountId?: unknown };
    if (accountId !== undefined) requireAccount(caller, accountId);
    return faults.add(input);
  };

  return {
    open({ method, path }, token) {
      if (method !== 'GET') return undefined;
      if (path === '/_cloudmr/health') return { status: 'ok' };
      const match = /^\/_cloudmr\/credentials\/(\d{12})\/([\w+=,.@-]{1,64})$/.exec(path);
      return match ? containerCredentials(match[1], match[2], token) : undefined;
    },
    streamed({ method, path }, caller) {
      const [resource, part] = path.slice(CONTROL_PREFIX.length).split('/');
      if (method !== 'GET' || resource !== 'backup') return undefined;
      mustBeRoot(caller);
      return deps.vault.frames({ objects: part === 'objects' });
    },
    async signed({ method, path }, body, caller) {
      mustBeRoot(caller);
      const [resource, ...names] = path.slice(CONTROL_PREFIX.length).split('/');
      const asked = `${method} ${resource}${'/*'.repeat(names.length)}`;
      switch (asked) {
        case 'PUT stacks':
          return applyStack(body, caller);
        case 'DELETE stacks/*/*':
          return removeStack(caller, names[0], names[1]);
        case 'GET faults':
          return { faults: faults.list() };
        case 'POST faults':
          return addFault(body, caller);
        case 'DELETE faults':
        case 'DELETE faults/*':
          faults.clear(names[0]);
          return {};
        case 'PUT quotas':
          return deps.setQuota(caller.accountId, parse(body));
        case 'GET calls':
          return { calls: calls.list() };
        case 'DELETE calls':
          calls.clear();
          return {};
        default:
          throw notEmulated(`the control operation ${asked.slice(0, 64)}`);
      }
    },
  };
}

/** The SDK's provider reads Code and Message. */
function refusedContainer(message: string): AwsError {
  return new AwsError('AccessDenied', message, 403, { Code: 'AccessDenied', Message: message });
}

function mustBeRoot(caller: Caller): void {
  if (caller.kind === 'root') return;
  throw authError('cloudmr', 'denied', `User: ${caller.arn} is not the root of an account.`);
}

function requireAccount(caller: Caller, accountId: unknown): void {
  if (accountId !== caller.accountId) {
    throw authError('cloudmr', 'denied', `The root of ${caller.accountId} rules its own account only.`);
  }
}

function parse(body: Buffer): object {
  try {
    const input = JSON.parse(body.toString('utf8'));
    if (typeof input === 'object' && input !== null) return input;
  } catch {
    throw new AwsError('SerializationException', 'The request body is not JSON.');
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object.');
}
