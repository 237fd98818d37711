/** Permissions as callers meet them: role policies, session policies, accounts. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import t from 'tap';
import {
  allow,
  HUB,
  LAB,
  openTestCore,
  type SdkCredentials,
  stack,
  TASK_TRUST,
} from './support/core-with-s3.ts';

const BUCKET = 'lab-data';
const PREFIX = `arn:aws:s3:::${BUCKET}/app/`;

async function lab(t: Parameters<typeof openTestCore>[0]) {
  const cloud = await openTestCore(t);
  const trustHub = {
    Statement: [
      {
        Effect: 'Allow' as const,
        Action: 'sts:AssumeRole',
        Principal: { AWS: `arn:aws:iam::${HUB}:role/Broker` },
      },
    ],
  };
  await cloud.control(HUB).applyStack(
    stack(HUB, {
      roles: [{ name: 'Broker', trust: TASK_TRUST, policies: [allow('*')] }],
      buckets: [{ name: 'hub-data' }],
    }),
  );
  await cloud.control(LAB).applyStack(
    stack(LAB, {
      buckets: [{ name: BUCKET }],
      roles: [
        {
          name: 'Access',
          trust: trustHub,
          policies: [
            allow(['s3:GetObject', 's3:PutObject'], `${PREFIX}*`),
            {
              Statement: [
                { Effect: 'Deny', Action: 's3:GetObject', Resource: `${PREFIX}private/*` },
                {
                  Effect: 'Allow',
                  Action: 's3:ListBucket',
                  Resource: `arn:aws:s3:::${BUCKET}`,
                  Condition: { Bool: { 'aws:SecureTransport': 'true' } },
                },
              ],
            },
          ],
        },
      ],
    }),
  );
  const session = async (policy?: object): Promise<SdkCredentials> => {
    const { Credentials } = await cloud.sts(cloud.task(HUB, 'Broker')).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${LAB}:role/Access`,
        RoleSessionName: 'test',
        Policy: policy && JSON.stringify(policy),
      }),
    );
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  };
  const put = (credentials: SdkCredentials, Key: string, Bucket = BUCKET) =>
    cloud.s3(credentials).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const get = (credentials: SdkCredentials, Key: string, Bucket = BUCKET) =>
    cloud.s3(credentials).send(new GetObjectCommand({ Bucket, Key }));
  return { ...cloud, session, put, get };
}

const DENIED = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };

t.test("a role may do what its policies allow, in its own account's buckets", async (t) => {
  const { session, put, get, root, s3 } = await lab(t);
  const access = await session();
  await put(access, 'app/a');
  t.equal(await (await get(access, 'app/a')).Body!.transformToString(), 'x');
  await t.rejects(put(access, 'other/a'), DENIED, 'another prefix');
  await put(root(LAB), 'app/private/b');
  await t.rejects(get(access, 'app/private/b'), {
    ...DENIED,
    message: /explicit deny in an identity-based policy/,
  });
  t.equal((await s3(access).send(new ListObjectsV2Command({ Bucket: BUCKET }))).KeyCount, 2);
  await t.rejects(s3(access).send(new CreateBucketCommand({ Bucket: 'made-by-session' })), DENIED);
});

t.test('a session policy only narrows', async (t) => {
  const { session, put, get, s3 } = await lab(t);
  const narrow = await session(allow('s3:*', [`${PREFIX}mine/*`, 'arn:aws:s3:::lab-data/other/*']));
  await put(narrow, 'app/mine/a');
  t.ok(await get(narrow, 'app/mine/a'));
  await t.rejects(put(narrow, 'app/theirs/a'), { ...DENIED, message: /no session policy allows/ });
  await t.rejects(put(narrow, 'other/a'), DENIED, 'the role does not allow it, so the session cannot');
  await t.rejects(s3(narrow).send(new ListObjectsV2Command({ Bucket: BUCKET })), DENIED);
  const denying = await session({
    Statement: [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 's3:PutObject', Resource: '*' },
    ],
  });
  t.ok(await get(denying, 'app/mine/a'));
  await t.rejects(put(denying, 'app/mine/a'), { ...DENIED, message: /explicit deny in a session policy/ });
});

t.test('no account reaches into another', async (t) => {
  const { session, put, get, root, task, s3 } = await lab(t);
  await put(root(LAB), 'app/a');
  await t.rejects(get(root(HUB), 'app/a'), DENIED, 'not even as root');
  await t.rejects(get(task(HUB, 'Broker'), 'app/a'), DENIED, 'not even with every permission at home');
  await t.rejects(put(await session(), 'app/a', 'hub-data'), DENIED);
  t.same(
    (await s3(root(HUB)).send(new ListBucketsCommand())).Buckets?.map(({ Name }) => Name),
    ['hub-data'],
  );
});

t.test("the SDK's own AssumeRole provider works unchanged", async (t) => {
  const { endpoint, task, put, get } = await lab(t);
  const provider = fromTemporaryCredentials({
    masterCredentials: task(HUB, 'Broker'),
    params: { RoleArn: `arn:aws:iam::${LAB}:role/Access`, RoleSessionName: 'provider' },
    clientConfig: { region: 'us-east-1', endpoint },
  });
  const credentials = await provider();
  await put(credentials, 'app/a');
  t.ok(await get(credentials, 'app/a'));
});

t.test('policies of a stack take effect at once, for sessions that exist already', async (t) => {
  const { control, session, put } = await lab(t);
  const access = await session();
  await put(access, 'app/a');
  const trust = {
    Statement: [{ Effect: 'Allow' as const, Action: 'sts:AssumeRole', Principal: { AWS: HUB } }],
  };
  await control(LAB).applyStack(
    stack(LAB, { buckets: [{ name: BUCKET }], roles: [{ name: 'Access', trust, policies: [] }] }),
  );
  await t.rejects(put(access, 'app/a'), DENIED);
});
