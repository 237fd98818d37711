/**
 * The STS contract against the embedded service, or, when CLOUDMR_CONTRACT_STS names one, against another endpoint
 * (moto_server: `CLOUDMR_CONTRACT_STS=http://127.0.0.1:5000 npx tap test/contract/sts.test.ts`).
 */
import { STSClient } from '@aws-sdk/client-sts';
import t from 'tap';
import { allow, HUB, LAB, openTestCore, stack, TASK_TRUST } from '../local/support/core-with-s3.ts';
import { runStsContract } from './sts-suite.ts';

const EXTERNAL_ID = 'ext-7f3a';
const ROLE_ARN = `arn:aws:iam::${LAB}:role/Access`;

/** What moto 5 does otherwise than STS, and why that is no defect here. */
const MOTO_DIFFERENCES: Record<string, string> = {
  'the external ID must be that of the trust policy': 'moto evaluates no trust policies',
  'who calls with a session is that session': 'moto gives a role it does not know a new id at each call',
  'a role that does not exist is refused like one that does not trust': 'moto assumes any role',
  'a length or a name beyond the limits is a ValidationError': 'moto checks only some of it',
  'a session policy that is no policy is a MalformedPolicyDocument': 'moto takes any text',
  'a session policy is taken and its packed size told': 'moto always says 6',
};

const elsewhere = process.env['CLOUDMR_CONTRACT_STS'];

if (elsewhere) {
  const as = (credentials: object) => {
    const client = new STSClient({
      endpoint: elsewhere,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', ...credentials },
    });
    t.teardown(() => client.destroy());
    return client;
  };
  // The account of everybody who calls moto with keys that it did not give out.
  const callerAccount = '123456789012';
  const env = { client: as({}), as, callerAccount, roleArn: ROLE_ARN, externalId: EXTERNAL_ID };
  await runStsContract(t, env, MOTO_DIFFERENCES);
} else {
  const cloud = await openTestCore(t);
  const broker = `arn:aws:iam::${HUB}:role/Broker`;
  await cloud.control(HUB).applyStack(
    stack(HUB, {
      roles: [{ name: 'Broker', trust: TASK_TRUST, policies: [allow('sts:AssumeRole')] }],
    }),
  );
  await cloud.control(LAB).applyStack(
    stack(LAB, {
      roles: [
        {
          name: 'Access',
          // Sessions of sessions end after an hour at most, whatever the role allows.
          maxSessionSeconds: 3600,
          trust: {
            Statement: [
              {
                Effect: 'Allow',
                Action: 'sts:AssumeRole',
                Principal: { AWS: broker },
                Condition: { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } },
              },
            ],
          },
          policies: [allow('states:StartExecution')],
        },
      ],
    }),
  );
  const client = cloud.sts(cloud.task(HUB, 'Broker'));
  const env = { client, as: cloud.sts, callerAccount: HUB, roleArn: ROLE_ARN, externalId: EXTERNAL_ID };
  await runStsContract(t, env);
}
