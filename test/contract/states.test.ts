/**
 * The Step Functions contract against the embedded service, or, when CLOUDMR_CONTRACT_STATES names one, against
 * another endpoint (moto_server: `CLOUDMR_CONTRACT_STATES=http://127.0.0.1:5000 npx tap test/contract/states.test.ts`).
 */
import { randomBytes } from 'node:crypto';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import t from 'tap';
import { machineArn, startStates } from '../local/states-harness.ts';
import { runStatesContract } from './states-suite.ts';

/** What moto 5 does otherwise than Step Functions, and why that is no defect here. */
const MOTO_DIFFERENCES: Record<string, string> = {
  'names have 1 to 80 characters': 'moto takes an empty name for none',
  'inputs end at 262,144 bytes': 'moto has no limit',
  'a stopped execution is ABORTED with what the caller said': 'moto forgets error and cause',
};

const elsewhere = process.env['CLOUDMR_CONTRACT_STATES'];
const newName = () => `contract-${randomBytes(6).toString('hex')}`;

if (elsewhere) {
  const client = new SFNClient({
    endpoint: elsewhere,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  t.teardown(() => client.destroy());
  const machine = async (definition: object) => {
    const { stateMachineArn } = await client.send(
      new CreateStateMachineCommand({
        name: newName(),
        definition: JSON.stringify(definition),
        roleArn: 'arn:aws:iam::123456789012:role/machine',
      }),
    );
    return stateMachineArn as string;
  };
  await runStatesContract(t, { client, machine }, MOTO_DIFFERENCES);
} else {
  const definitions: Record<string, object> = {};
  const states = await startStates({ dir: t.testdir(), definitions });
  t.teardown(() => states.close());
  const machine = async (definition: object) => {
    const name = newName();
    definitions[name] = definition;
    return machineArn(name);
  };
  await runStatesContract(t, { client: states.client, machine });
}
