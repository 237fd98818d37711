/** `doctor`: everything a deployment needs, checked at once; every failure with its remedy. */
import {
  type BucketState,
  checkNames,
  checkPermissions,
  checkQuotas,
  checkRegion,
  unasked,
} from './checks/account.ts';
import { type Finding, guarded, passed, showFindings } from './checks/finding.ts';
import { checkImages } from './checks/images.ts';
import { checkCli, checkToken } from './checks/machine.ts';
import { checkNetwork } from './checks/network.ts';
import type { Place } from './choose-network.ts';
import { failure, type ProblemCode } from './failure.ts';
import { givenParameters } from './parameters.ts';
import { type Identity, type Result, type Session, whoAmI } from './session.ts';
import type { SignedIn } from './token.ts';

export interface Known {
  readonly identity?: Identity;
  readonly signedIn?: SignedIn;
  readonly place?: Place;
  /** Those of a stack that is not there. */
  readonly buckets?: ReadonlyMap<string, BucketState>;
}

/** Runs all checks; what is known already is not asked again. */
export async function examine(session: Session, known: Known = {}): Promise<Finding[]> {
  const cli = await checkCli(session);
  let identity = known.identity;
  const who = await guarded('identity', async () => {
    identity = known.identity ?? (await whoAmI(session.aws));
    return [passed('identity', `account ${identity.accountId} as ${identity.arn}`)];
  });
  const value = parameterReader(session);
  const inAccount =
    identity === undefined
      ? [unasked(['region', 'names', 'permissions', 'network', 'fargate', 'lambda', 'roles'])]
      : [
          checkRegion(session),
          checkNames(session, identity, known.buckets),
          checkPermissions(session, identity),
          checkNetwork(session, known.place),
          checkQuotas(session, value('FargateSize', 'auto'), Number(value('LambdaMemory', '3008'))),
        ];
  const rest = await Promise.all([
    ...inAccount,
    checkImages(value('ImageRegistry', ''), value('ImageTag', 'latest')),
    checkToken(session, known.signedIn),
  ]);
  return [...cli, ...who, ...rest.flat()];
}

/** What a parameter of the template will be. */
function parameterReader(session: Session): (name: string, fallback: string) => string {
  const given = givenParameters(session.request, session.template);
  return (name, fallback) => given.get(name) ?? session.template.parameters[name]?.default ?? fallback;
}

/** The command. Exit code 1 if anything has failed. */
export async function doctor(session: Session): Promise<Result> {
  const findings = await examine(session);
  showFindings(session.dialogue.say, findings);
  const failed = findings.filter(({ status }) => status === 'failed');
  const warnings = findings.filter(({ status }) => status === 'warning');
  session.dialogue.say();
  session.dialogue.say(
    failed.length === 0
      ? `Ready to deploy${warnings.length > 0 ? `, with ${warnings.length} warnings` : ''}.`
      : `${failed.length} of ${findings.length} checks have failed.`,
  );
  return { ok: failed.length === 0, findings };
}

/** All failures as one. @throws DeployFailure with the code of the first */
export function mustBeHealthy(session: Session, findings: readonly Finding[]): void {
  const open = findings.filter(({ status }) => status === 'failed' || status === 'warning');
  if (open.length > 0) showFindings(session.dialogue.say, open);
  const [first] = open.filter(({ status }) => status === 'failed');
  if (first) {
    throw failure(
      (first.code ?? 'aws_refused') as ProblemCode,
      first.evidence.replace(/^[^:]*: /, ''),
      first.remedy,
    );
  }
}
