/**
 * `register-mode1.ts STACK REGION`: registers the platform's unit (R40) in the name of the administrator of CLOUDMR_TOKEN,
 * with the buckets of RESULTS, FAILED and DATA, and waits for its smoke job: a phantom of known SNR.
 */
import { createAws } from '../../mode2-deployment/aws-cli.ts';
import { brokerUrl, createBroker } from '../../mode2-deployment/broker.ts';
import { readDeployEnvironment } from '../../mode2-deployment/environment.ts';
import { failure } from '../../mode2-deployment/failure.ts';
import { createDialogue, standardIo } from '../../mode2-deployment/io.ts';
import { readRequest } from '../../mode2-deployment/request.ts';
import { whoAmI } from '../../mode2-deployment/session.ts';
import { readStack } from '../../mode2-deployment/stack.ts';
import { tellFailure } from '../../mode2-deployment/tell-failure.ts';
import { watchUnit } from '../../mode2-deployment/unit.ts';

/** A cold start of both images, and the job. */
const WAIT_SECONDS = '900';

async function main([stackName = '', region = '']: string[]): Promise<void> {
  const { variables, token, forAws } = readDeployEnvironment();
  const missing = ['CLOUDMR_API_URL', 'CLOUDMR_TOKEN', 'RESULTS', 'FAILED', 'DATA'].filter(
    (name) => !variables[name],
  );
  if (missing.length > 0) throw failure('value_missing', missing.join(', '));
  const aws = createAws({ region, profile: undefined, env: forAws });
  const stack = await readStack(aws, stackName);
  const stateMachineArn = stack?.outputs['CalculationStateMachineArn'];
  if (!stateMachineArn) throw failure('stack_missing', `${stackName} in ${region}`);
  const { accountId } = await whoAmI(aws);
  const broker = createBroker(brokerUrl(variables['CLOUDMR_API_URL'] ?? ''), token ?? '');
  const dialogue = createDialogue(standardIo(), { quiet: true, json: false });
  const { computingUnitId, action } = await broker.register({
    appId: 'mroptimum',
    mode: 'mode1',
    provider: 'cloudmrhub',
    awsAccountId: accountId,
    region,
    stateMachineArn,
    crossAccountRoleArn: stack.outputs['CrossAccountRoleArn'],
    resultsBucket: variables['RESULTS'],
    failedBucket: variables['FAILED'],
    dataBucket: variables['DATA'],
    isDefault: true,
    isShared: true,
  });
  dialogue.say(`Computing unit ${computingUnitId}: ${action}.`);
  const { values } = readRequest(['register', '--wait', WAIT_SECONDS], {});
  await watchUnit({ values, dialogue, clock: Date.now }, broker, computingUnitId);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellFailure(error, standardIo(), { json: false });
}
