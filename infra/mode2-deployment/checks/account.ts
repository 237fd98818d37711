/** The account: its region, quotas, permissions, and names that are taken. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT_QUOTAS } from '../../../src/schemas/quotas.ts';
import { AwsRefusal } from '../aws-refusals.ts';
import { stackNameProblem } from '../names.ts';
import type { Identity, Session } from '../session.ts';
import { readStack } from '../stack.ts';
import { bad, type Finding, guarded, passed, skipped } from './finding.ts';

const DEPLOYER_POLICY = join(import.meta.dirname, '..', 'deployer-policy.json');
/** AWS takes this many actions in one question. */
const ACTIONS_AT_ONCE = 90;
/** An account that is not new may run so many functions at once, and is not capped at 3008 MB. */
const USUAL_CONCURRENCY = 1_000;
const FIRST_CAP_MB = 3_008;

export function checkRegion({ aws }: Session): Promise<Finding[]> {
  return guarded('region', async () => {
    const { Regions } = await aws.call<{ Regions: { RegionName: string; OptInStatus?: string }[] }>(
      'ec2',
      'describe-regions',
      { AllRegions: true },
    );
    const found = Regions.find(({ RegionName }) => RegionName === aws.region);
    if (!found) return [bad('failed', 'region', 'region_unusable', `there is no ${aws.region}`)];
    if (found.OptInStatus === 'not-opted-in') {
      return [bad('failed', 'region', 'region_unusable', `${aws.region} is not enabled for this account`)];
    }
    return [passed('region', aws.region)];
  });
}

export type BucketState = 'free' | 'ours' | 'taken';

/** The stack's name, and the buckets that it will have. */
export function checkNames(
  session: Session,
  { accountId }: Identity,
  known?: ReadonlyMap<string, BucketState>,
): Promise<Finding[]> {
  const name = session.values['stack-name'] ?? '';
  return guarded('names', async () => {
    const problem = stackNameProblem(name);
    if (problem) return [bad('failed', 'names', 'stack_name_invalid', problem)];
    const stack = known ? undefined : await readStack(session.aws, name);
    if (stack && stack.status !== 'REVIEW_IN_PROGRESS') {
      return [passed('names', `stack ${name} is there: ${stack.status}`)];
    }
    const buckets = [...(known ?? (await bucketStates(session, accountId)))];
    const taken = buckets.filter(([, state]) => state === 'taken');
    if (taken.length > 0)
      return [bad('failed', 'names', 'bucket_taken', taken.map(([bucket]) => bucket).join(', '))];
    const left = buckets.filter(([, state]) => state === 'ours').map(([bucket]) => bucket);
    const more = left.length > 0 ? `; ${left.join(', ')} of an earlier stack will be taken over` : '';
    return [passed('names', `stack ${name} can be made${more}`)];
  });
}

/** The three buckets of the stack, and whose they are. */
export async function bucketStates(session: Session, accountId: string): Promise<Map<string, BucketState>> {
  const names = bucketNames(session.values['stack-name'] ?? '', accountId);
  const states = await Promise.all(names.map((name) => bucketState(session, name, accountId)));
  return new Map(names.map((name, i) => [name, states[i]]));
}

/** The buckets that are there and ours in this region. */
export async function ourBuckets(session: Session, accountId: string): Promise<string[]> {
  return [...(await bucketStates(session, accountId))].flatMap(([name, state]) =>
    state === 'ours' ? name : [],
  );
}

function bucketNames(stackName: string, accountId: string): string[] {
  return ['results', 'failed', 'data'].map((kind) => `${stackName}-${kind}-${accountId}`);
}

async function bucketState(
  { aws }: Pick<Session, 'aws'>,
  bucket: string,
  accountId: string,
): Promise<BucketState> {
  try {
    await aws.call('s3api', 'head-bucket', { Bucket: bucket, ExpectedBucketOwner: accountId });
    const place = await aws.call<{ LocationConstraint?: string | null }>('s3api', 'get-bucket-location', {
      Bucket: bucket,
    });
    return (place.LocationConstraint || 'us-east-1') === aws.region ? 'ours' : 'taken';
  } catch (error) {
    if (!(error instanceof AwsRefusal)) throw error;
    if (['404', 'NoSuchBucket', 'NotFound'].includes(error.awsCode)) return 'free';
    if (['403', '301', '400', 'AccessDenied'].includes(error.awsCode)) return 'taken';
    throw error;
  }
}

/** Fargate vCPUs, functions at once, roles. */
export function checkQuotas(
  session: Session,
  fargateSize: string,
  lambdaMemoryMb: number,
): Promise<Finding[]> {
  const { aws } = session;
  return Promise.all([
    guarded('fargate', async () => {
      const { serviceCode, quotaCode } = ACCOUNT_QUOTAS.fargateVcpus;
      const { Quota } = await aws.call<{ Quota: { Value: number } }>('service-quotas', 'get-service-quota', {
        ServiceCode: serviceCode,
        QuotaCode: quotaCode,
      });
      const { least, most } = vcpusOf(fargateSize);
      const evidence = `${Quota.Value} vCPUs at once, a task takes ${least === most ? least : `${least} to ${most}`}`;
      if (Quota.Value < least) return [bad('failed', 'fargate', 'quota_reached', evidence)];
      const code = 'quota_reached';
      return [Quota.Value < most ? bad('warning', 'fargate', code, evidence) : passed('fargate', evidence)];
    }),
    guarded('lambda', async () => {
      const { AccountLimit } = await aws.call<{ AccountLimit: { ConcurrentExecutions: number } }>(
        'lambda',
        'get-account-settings',
      );
      const { ConcurrentExecutions: atOnce } = AccountLimit;
      const evidence = `${atOnce} functions at once, ${lambdaMemoryMb} MB each`;
      // The cap itself is in no list of quotas; new accounts, which have it, also have few functions at once.
      const capped = atOnce < USUAL_CONCURRENCY && lambdaMemoryMb > FIRST_CAP_MB;
      return [capped ? bad('warning', 'lambda', 'lambda_memory_cap', evidence) : passed('lambda', evidence)];
    }),
    guarded('roles', async () => {
      const { SummaryMap } = await aws.call<{ SummaryMap: Record<string, number> }>(
        'iam',
        'get-account-summary',
      );
      const { Roles = 0, RolesQuota = Number.POSITIVE_INFINITY } = SummaryMap;
      const needed = roleCount(session);
      const evidence = `${Roles} of ${RolesQuota} roles, the stack needs ${needed}`;
      return [
        Roles + needed > RolesQuota
          ? bad('failed', 'roles', 'quota_reached', evidence)
          : passed('roles', evidence),
      ];
    }),
  ]).then((all) => all.flat());
}

/** `auto` chooses from 2 to 16 vCPUs by the size of the job. */
function vcpusOf(size: string): { least: number; most: number } {
  if (size === 'auto') return { least: 2, most: 16 };
  const vcpus = Number(size.split('-')[0]);
  return { least: vcpus, most: vcpus };
}

function roleCount({ template }: Session): number {
  const resources = Object.values((template.document.Resources ?? {}) as Record<string, { Type: string }>);
  return resources.filter(({ Type }) => Type === 'AWS::IAM::Role').length;
}

/** Whether the caller may do what the deployer policy lists, as IAM's simulator says. */
export function checkPermissions({ aws }: Session, { arn }: Identity): Promise<Finding[]> {
  return guarded('permissions', async () => {
    if (arn.endsWith(':root')) return [passed('permissions', 'the root user may do everything')];
    if (!existsSync(DEPLOYER_POLICY))
      return [skipped('permissions', 'the policy to compare with is not here')];
    const source = await principalOf({ aws }, arn);
    const actions = deployerActions();
    const denied: string[] = [];
    for (let at = 0; at < actions.length; at += ACTIONS_AT_ONCE) {
      const { EvaluationResults } = await aws.call<{
        EvaluationResults: { EvalActionName: string; EvalDecision: string }[];
      }>('iam', 'simulate-principal-policy', {
        PolicySourceArn: source,
        ActionNames: actions.slice(at, at + ACTIONS_AT_ONCE),
      });
      denied.push(
        ...EvaluationResults.filter(({ EvalDecision }) => EvalDecision !== 'allowed').map(
          (each) => each.EvalActionName,
        ),
      );
    }
    if (denied.length === 0)
      return [passed('permissions', `${actions.length} actions are allowed to ${source}`)];
    // Statements that name resources are not simulated here: a denial may be one of those.
    return [
      bad(
        'warning',
        'permissions',
        'permission_missing',
        `on all resources ${source} may not ${denied.join(', ')}`,
      ),
    ];
  });
}

async function principalOf({ aws }: Pick<Session, 'aws'>, arn: string): Promise<string> {
  const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
  if (!role) return arn;
  const { Role } = await aws.call<{ Role: { Arn: string } }>('iam', 'get-role', { RoleName: role });
  return Role.Arn;
}

function deployerActions(): string[] {
  const { Statement } = JSON.parse(readFileSync(DEPLOYER_POLICY, 'utf8')) as {
    Statement: { Effect: string; Action?: string | string[] }[];
  };
  const actions = Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action = [] }) => Action);
  return [...new Set(actions)].filter((action) => !action.includes('*'));
}

/** Nobody has signed in to AWS: what follows cannot be asked. */
export const unasked = (checks: readonly string[]): Finding[] =>
  checks.map((check) => skipped(check, 'not asked without credentials'));
