/**
 * `create-broker.ts STACK REGION ROLE_ARN NAME=VALUE...`: the broker's stack for the first time in a place, with these
 * parameters. What an earlier stack of the name has kept (table, buckets, secrets, role, log) is taken over as it is; so a
 * first deployment that failed is repeated, and one that was taken away comes back with its data.
 */
import { readFileSync } from 'node:fs';
import { adviceFor } from '../../mode2-deployment/advice.ts';
import type { Aws } from '../../mode2-deployment/aws-cli.ts';
import { createAws } from '../../mode2-deployment/aws-cli.ts';
import { createChangeSet, executeChangeSet } from '../../mode2-deployment/change-set.ts';
import { tellEvent } from '../../mode2-deployment/deploy.ts';
import { readDeployEnvironment } from '../../mode2-deployment/environment.ts';
import { failure } from '../../mode2-deployment/failure.ts';
import { createDialogue, type Dialogue, standardIo } from '../../mode2-deployment/io.ts';
import { whoAmI } from '../../mode2-deployment/session.ts';
import { firstFailure, follow, readStack } from '../../mode2-deployment/stack.ts';
import { tellFailure } from '../../mode2-deployment/tell-failure.ts';
import { withKeptNames } from './kept-names.ts';

const TEMPLATE = new URL('../../broker/template.yaml', import.meta.url);
const POLL_MS = 5_000;
/** Secrets are not imported: the parameter names the one that is there. */
const SECRETS = { TokenSecretArn: 'token-secret', AdminPasswordArn: 'admin-password' } as const;

async function main([stackName = '', region = '', roleArn = '', ...pairs]: string[]): Promise<void> {
  const aws = createAws({ region, profile: undefined, env: readDeployEnvironment().forAws });
  const dialogue = createDialogue(standardIo(), { quiet: true, json: false });
  const { accountId } = await whoAmI(aws);
  const given = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw failure('wrong_arguments', `"${pair}" is not NAME=VALUE`);
    return { ParameterKey: pair.slice(0, at), ParameterValue: pair.slice(at + 1) };
  });
  const existing = await readStack(aws, stackName);
  const { body } = withKeptNames(readFileSync(TEMPLATE, 'utf8'), { stackName, accountId, region });
  const changeSet = await createChangeSet(
    aws,
    {
      stackName,
      existing,
      body,
      parameters: [...given, ...(await keptSecrets(aws, stackName, dialogue))],
      name: `cloudmr-${Date.now().toString(36)}`,
      adopt: true,
      tags: [{ Key: 'App', Value: 'CloudMR' }],
      ...(roleArn && { roleArn }),
    },
    POLL_MS,
  );
  for (const { action, logicalId, type } of changeSet.changes)
    if (action === 'Import') dialogue.say(`${logicalId} (${type}) is there and is taken over.`);
  await executeChangeSet(aws, changeSet);
  const { status, events } = await follow(
    aws,
    changeSet.stackId,
    new Set(),
    tellEvent({ dialogue }),
    POLL_MS,
  );
  if (status !== 'CREATE_COMPLETE') throw adviceFor(firstFailure(events, stackName), status);
  dialogue.say(`The stack ${stackName} is ${status}.`);
}

/** What is there of the secrets, as parameters. */
async function keptSecrets(aws: Aws, stackName: string, { say }: Dialogue) {
  const kept: { ParameterKey: string; ParameterValue: string }[] = [];
  for (const [ParameterKey, name] of Object.entries(SECRETS)) {
    const found = await aws.find<{ ARN: string; DeletedDate?: string }>(
      'secretsmanager',
      'describe-secret',
      { SecretId: `${stackName}-${name}` },
      ['ResourceNotFoundException'],
    );
    if (!found) continue;
    if (found.DeletedDate) {
      const remedy = `aws secretsmanager restore-secret --secret-id ${stackName}-${name}; or wait until it is gone.`;
      throw failure('stack_failed', `${stackName}-${name} is being deleted, and blocks its name`, remedy);
    }
    say(`${stackName}-${name} is there and is taken over.`);
    kept.push({ ParameterKey, ParameterValue: found.ARN });
  }
  return kept;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellFailure(error, standardIo(), { json: false });
}
