/** Signatures over the wire: what the real SDK signs is accepted, everything touched afterwards is refused. */
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import t from 'tap';
import {
  canonicalRequest,
  formatAmzDate,
  hmac,
  sha256Hex,
  signingKey,
  stringToSign,
} from '../../infra/local/sigv4/canonical.ts';
import { signRequest } from '../../infra/local/sigv4/sign.ts';
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
const IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function lab(t: Parameters<typeof openTestCore>[0]) {
  const cloud = await openTestCore(t);
  await cloud.control(LAB).applyStack(
    stack(LAB, {
      buckets: [
        { name: BUCKET, cors: [{ AllowedOrigins: ['https://app.example'], AllowedMethods: ['GET', 'PUT'] }] },
      ],
      roles: [{ name: 'Task', trust: TASK_TRUST, policies: [allow('s3:*')] }],
    }),
  );
  const host = new URL(cloud.endpoint).host;
  /** Headers of a request signed for any service, at the cloud's time or `offsetMs` beside it. */
  const sign = (
    service: string,
    credentials: SdkCredentials,
    request: { method: string; path: string; body?: string; headers?: Record<string, string> },
    offsetMs = 0,
  ): Record<string, string> => ({
    host,
    ...signRequest(
      { ...request, url: new URL(request.path, cloud.endpoint) },
      { credentials, service, region: 'us-east-1', clock: () => cloud.clock() + offsetMs },
    ),
  });
  return { ...cloud, host, sign };
}

const code = (text: string) => /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? JSON.parse(text).__type;

t.test('what the SDK signs is accepted', async (t) => {
  const { root, task, s3, sts } = await lab(t);
  for (const credentials of [root(LAB), task(LAB, 'Task')]) {
    const client = s3(credentials);
    const Key = "odd key/../with //slashes/ü+%&='()*!.txt";
    await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'plain', Metadata: { a: ' b  c ' } }),
    );
    const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key, Range: 'bytes=1-3' }));
    t.equal(await got.Body!.transformToString(), 'lai');
    const Body = Buffer.alloc(6 * 1_048_576, 7);
    await new Upload({ client, params: { Bucket: BUCKET, Key: 'large', Body } }).done();
    t.equal((await sts(credentials).send(new GetCallerIdentityCommand())).Account, LAB);
  }
});

t.test('presigned URLs', async (t) => {
  const { root, task, s3, send, host, time, endpoint } = await lab(t);
  const presign = async (credentials: SdkCredentials, seconds = 60, Key = 'a') => {
    const url = new URL(
      await getSignedUrl(s3(credentials), new GetObjectCommand({ Bucket: BUCKET, Key }), {
        expiresIn: seconds,
      }),
    );
    return url.pathname + url.search;
  };
  const get = (path: string, headers = {}) => send({ method: 'GET', path, headers: { host, ...headers } });
  const put = await getSignedUrl(s3(root(LAB)), new PutObjectCommand({ Bucket: BUCKET, Key: 'a' }));
  t.equal((await fetch(put, { method: 'PUT', body: 'content' })).status, 200);
  const path = await presign(task(LAB, 'Task'));
  t.match(await get(path), { status: 200, text: 'content' });
  const refused = async (changed: string, wanted: string, status: number, headers = {}) => {
    const answer = await get(changed, headers);
    t.same([answer.status, code(answer.text)], [status, wanted], wanted);
    t.equal(answer.headers['content-type'], 'application/xml');
  };
  await refused(path.replace('/a?', '/b?'), 'SignatureDoesNotMatch', 403);
  await refused(path.replace('Expires=60', 'Expires=61'), 'SignatureDoesNotMatch', 403);
  await refused(`${path}&response-content-type=text%2Fhtml`, 'SignatureDoesNotMatch', 403);
  await refused(
    path.replace(/X-Amz-Signature=../, 'X-Amz-Signature=zz'),
    'AuthorizationQueryParametersError',
    400,
  );
  await refused(path.replace(/&X-Amz-Security-Token=[^&]*/, ''), 'InvalidAccessKeyId', 403);
  await refused(path.replace(/(X-Amz-Security-Token=)[^&]*/, '$1bogus'), 'InvalidToken', 400);
  await refused(path, 'AccessDenied', 403, { 'x-amz-acl': 'public-read' });
  await refused(path, 'InvalidArgument', 400, { authorization: 'AWS4-HMAC-SHA256 Credential=x' });
  await refused(`${path}&X-Amz-Expires=5`, 'AuthorizationQueryParametersError', 400);
  await refused(path.replace('Expires=60', 'Expires=0'), 'AuthorizationQueryParametersError', 400);
  await refused(path.replace('Expires=60', 'Expires=604801'), 'AuthorizationQueryParametersError', 400);
  await refused(path.replace('HMAC-SHA256', 'HMAC-SHA1'), 'AuthorizationQueryParametersError', 400);
  t.equal((await fetch(endpoint + path, { method: 'DELETE' })).status, 403, 'another method');
  const other = await presign(task(LAB, 'Task'));
  const foreign = /X-Amz-Security-Token=([^&]*)/.exec(other)![1];
  await refused(path.replace(/(X-Amz-Security-Token=)[^&]*/, `$1${foreign}`), 'InvalidToken', 400);
  const expired = await get(path, { origin: 'https://app.example' });
  t.equal(expired.headers['access-control-allow-origin'], 'https://app.example');
  time.offset = 61_000;
  await refused(path, 'AccessDenied', 403);
  const late = await get(path, { origin: 'https://app.example' });
  t.match(late, {
    text: /Request has expired/,
    headers: { 'access-control-allow-origin': 'https://app.example' },
  });
  time.offset = -16 * 60_000;
  t.match(await get(path), { status: 403, text: /not yet valid/ });
  time.offset = 0;
  const week = await presign(task(LAB, 'Task', 900), 604_800);
  time.offset = 901_000;
  await refused(week, 'ExpiredToken', 400);
});

t.test('each service says in its own words what is wrong', async (t) => {
  const { root, task, send, sign } = await lab(t);
  const good = root(LAB);
  const session = task(LAB, 'Task');
  const other = task(LAB, 'Task');
  const requests = {
    s3: { method: 'GET', path: `/${BUCKET}?list-type=2` },
    sts: { method: 'POST', path: '/', body: IDENTITY, headers: FORM },
    cloudmr: { method: 'GET', path: '/_cloudmr/faults' },
  };
  const words = {
    wrong_secret: ['SignatureDoesNotMatch', 'SignatureDoesNotMatch', 'InvalidSignatureException'],
    unknown_key: ['InvalidAccessKeyId', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    stripped_token: ['InvalidAccessKeyId', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    bogus_token: ['InvalidToken', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    token_of_another_session: ['InvalidToken', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    token_with_a_root_key: ['InvalidToken', 'InvalidClientTokenId', 'UnrecognizedClientException'],
    clock_16_minutes_behind: ['RequestTimeTooSkewed', 'SignatureDoesNotMatch', 'InvalidSignatureException'],
    clock_16_minutes_ahead: ['RequestTimeTooSkewed', 'SignatureDoesNotMatch', 'InvalidSignatureException'],
  };
  const made: Record<keyof typeof words, [credentials: SdkCredentials, offsetMs?: number]> = {
    wrong_secret: [{ ...good, secretAccessKey: `${good.secretAccessKey}x` }],
    unknown_key: [{ ...good, accessKeyId: 'LKIAROOTX' }],
    stripped_token: [{ ...session, sessionToken: undefined }],
    bogus_token: [{ ...session, sessionToken: 'a.b' }],
    token_of_another_session: [{ ...session, sessionToken: other.sessionToken }],
    token_with_a_root_key: [{ ...good, sessionToken: session.sessionToken }],
    clock_16_minutes_behind: [good, -16 * 60_000],
    clock_16_minutes_ahead: [good, 16 * 60_000],
  };
  for (const [i, service] of (['s3', 'sts', 'cloudmr'] as const).entries()) {
    const request = requests[service];
    for (const what of Object.keys(words) as (keyof typeof words)[]) {
      const [credentials, offsetMs] = made[what];
      const answer = await send({ ...request, headers: sign(service, credentials, request, offsetMs) });
      t.equal(code(answer.text), words[what][i], `${service}: ${what}`);
    }
    const ok = await send({ ...request, headers: sign(service, good, request, 14 * 60_000) });
    t.equal(ok.status, 200, `${service}: a clock 14 minutes off is good enough`);
  }
});

t.test('whatever is changed after signing is refused', async (t) => {
  const { root, send, sign } = await lab(t);
  const request = { method: 'POST', path: '/', body: IDENTITY, headers: FORM };
  const headers = sign('sts', root(LAB), request);
  t.equal((await send({ ...request, headers })).status, 200);
  const refused = async (changed: object, what: string, wanted = 'SignatureDoesNotMatch') =>
    t.equal(code((await send({ ...request, headers, ...changed })).text), wanted, what);
  await refused({ body: `${IDENTITY}&a=b` }, 'body');
  await refused({ path: '/?a=b' }, 'query');
  await refused({ path: '/a' }, 'path');
  await refused(
    { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded;a' } },
    'a signed header',
  );
  await refused({ headers: { ...headers, host: 'elsewhere:80' } }, 'host');
  await refused({ headers: { ...headers, 'x-amz-extra': '1' } }, 'an x-amz header nobody signed');
  const authorization = headers.authorization;
  const withAuthorization = (text: string) => ({ headers: { ...headers, authorization: text } });
  await refused(withAuthorization(authorization.replace('host;', '')), 'host must be signed');
  await refused(withAuthorization(authorization.replace('us-east-1', 'us-west-2')), 'region');
  await refused(withAuthorization(authorization.slice(0, -1)), 'a cut signature', 'IncompleteSignature');
  await refused(withAuthorization('AWS4-HMAC-SHA256 nonsense'), 'no fields', 'IncompleteSignature');
  await refused(withAuthorization('AWS AKID:sig'), 'Signature Version 2', 'IncompleteSignature');
  await refused(
    withAuthorization(authorization.replace('HMAC', 'ECDSA-P256')),
    'Signature Version 4A',
    'NotImplementedLocally',
  );
  await refused(
    withAuthorization(authorization.replace(/\/\d{8}\//, '/20200101/')),
    'scope of another day',
    'IncompleteSignature',
  );
});

t.test('a presigned GetCallerIdentity proves who somebody is, for 15 minutes at most', async (t) => {
  const { task, send, host, clock, time } = await lab(t);
  const { accessKeyId, secretAccessKey, sessionToken } = task(LAB, 'Task');
  const amzDate = formatAmzDate(clock());
  const scope = `${amzDate.slice(0, 8)}/us-east-1/sts/aws4_request`;
  const query: [string, string][] = [
    ['Action', 'GetCallerIdentity'],
    ['Version', '2011-06-15'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', '3600'],
    ['X-Amz-Security-Token', sessionToken!],
    ['X-Amz-SignedHeaders', 'host;x-challenge'],
  ];
  const headers = { host, 'x-challenge': 'unit-1' };
  const canonical = canonicalRequest(
    {
      method: 'GET',
      path: '/',
      query,
      headers: new Map(Object.entries(headers)),
      signedHeaders: Object.keys(headers),
      payloadHash: sha256Hex(''),
    },
    'sts',
  );
  const signature = hmac(signingKey(secretAccessKey, scope), stringToSign(amzDate, scope, canonical));
  const path = `/?${new URLSearchParams([...query, ['X-Amz-Signature', signature.toString('hex')]])}`;
  const ask = (given = headers) => send({ method: 'GET', path, headers: given });
  t.match(await ask(), { status: 200, text: `assumed-role/Task/task</Arn>` });
  t.match(await ask({ ...headers, 'x-challenge': 'unit-2' }), { status: 403, text: /SignatureDoesNotMatch/ });
  time.offset = 880_000;
  t.equal((await ask()).status, 200);
  time.offset = 901_000;
  t.match(await ask(), { status: 403, text: /Signature expired/ });
});

t.test('anonymous and misdirected requests', async (t) => {
  const { root, send, sign, host } = await lab(t);
  const anonymous = (headers: Record<string, string>, method = 'POST') =>
    send({ method, path: '/', headers: { host, ...headers } });
  t.equal(code((await anonymous(FORM)).text), 'MissingAuthenticationToken');
  t.match(await anonymous({ 'x-amz-target': 'AWSStepFunctions.StartExecution' }), {
    status: 400,
    text: /MissingAuthenticationTokenException/,
  });
  t.match(await anonymous({}, 'GET'), { status: 403, text: /<Code>AccessDenied</ });
  const ec2 = { method: 'POST', path: '/', body: 'Action=RunInstances', headers: FORM };
  t.match(await send({ ...ec2, headers: sign('ec2', root(LAB), ec2) }), {
    status: 501,
    text: /NotImplementedLocally.*the service ec2/,
  });
  const starting = {
    method: 'POST',
    path: '/',
    body: '{}',
    headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
  };
  t.match(await send({ ...starting, headers: sign('dynamodb', root(LAB), starting) }), {
    status: 503,
    text: /dynamodb is not running yet/,
  });
  const large = { method: 'POST', path: '/', body: 'x'.repeat(1_200_000), headers: FORM };
  t.equal((await send({ ...large, headers: sign('sts', root(LAB), large) })).status, 413);
});

t.test('a refused upload is answered before its body is sent', async (t) => {
  const { root, s3 } = await lab(t);
  const client = s3({ ...root(LAB), secretAccessKey: 'wrong' });
  const Body = Buffer.alloc(8 * 1_048_576);
  await t.rejects(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'big', Body })), {
    name: 'SignatureDoesNotMatch',
  });
});

t.test('the SDK finds back to the time of the cloud', async (t) => {
  const { root, endpoint, time } = await lab(t);
  const client = new STSClient({ endpoint, region: 'us-east-1', credentials: root(HUB) });
  time.offset = 86_400_000;
  t.equal((await client.send(new GetCallerIdentityCommand())).Account, HUB);
});
