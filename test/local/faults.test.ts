/** Ordered faults strike real calls of real clients, and the counters tell what was asked. */
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import t from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { HUB, LAB, openTestCore, stack } from './support/core-with-s3.ts';

const BUCKET = 'lab-data';

async function lab(t: Parameters<typeof openTestCore>[0]) {
  const cloud = await openTestCore(t);
  const control = cloud.control(LAB);
  await control.applyStack(stack(LAB, { buckets: [{ name: BUCKET }] }));
  const client = cloud.s3(cloud.root(LAB));
  const put = (Key: string, Body: string | Buffer = 'x') =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  const get = async (Key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    return Body!.transformToString();
  };
  const whoAmI = (accountId = LAB) => cloud.sts(cloud.root(accountId)).send(new GetCallerIdentityCommand());
  return { ...cloud, control, client, put, get, whoAmI };
}

const s3Fault = (kind: FaultInput['kind'], more: Partial<FaultInput> = {}): FaultInput => ({
  service: 's3',
  operation: 'PutObject',
  kind,
  times: 1,
  ...more,
});

t.test('S3: a slow answer is the right one, and its client can leave in the middle', async (t) => {
  const { control, put, get, client } = await lab(t);
  await put('a', 'x'.repeat(30_000));
  await control.addFault(s3Fault('slow', { operation: 'GetObject', bytesPerSecond: 100_000, times: 2 }));
  const started = performance.now();
  t.equal(await get('a'), 'x'.repeat(30_000));
  t.ok(performance.now() - started >= 250);
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
  (Body as unknown as { destroy(): void }).destroy();
  t.equal((await get('a')).length, 30_000, 'and the next one comes at once');
  await t.rejects(control.addFault(s3Fault('slow')), { message: /bytesPerSecond/ });
  await t.rejects(control.addFault({ service: 'sts', operation: '*', kind: 'slow', bytesPerSecond: 1 }), {
    message: /only answers of s3/,
  });
});

t.test('S3: each kind', async (t) => {
  const { control, put, get, s3, root } = await lab(t);
  await control.addFault(s3Fault('throttle'));
  await t.rejects(put('a'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  await control.addFault(s3Fault('deny'));
  await t.rejects(put('a'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  await control.addFault(s3Fault('expired'));
  await t.rejects(put('a'), { name: 'ExpiredToken', $metadata: { httpStatusCode: 400 } });

  await control.addFault(s3Fault('timeout_before'));
  await t.rejects(put('before'), { message: /socket hang up|ECONNRESET/ });
  await t.rejects(get('before'), { name: 'NoSuchKey' }, 'it had no effect');

  await control.addFault(s3Fault('timeout_after'));
  await t.rejects(put('after', Buffer.alloc(3_000_000, 65)), { message: /socket hang up|ECONNRESET|EPIPE/ });
  t.equal((await get('after')).length, 3_000_000, 'it had its effect');

  await control.addFault(s3Fault('late', { delayMs: 1_500 }));
  let answered = false;
  const started = performance.now();
  const answer = put('late').then(() => {
    answered = true;
  });
  const head = () => s3(root(LAB)).send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'late' }));
  while (
    !(await head().then(
      () => true,
      () => false,
    ))
  );
  t.equal(answered, false, 'the effect is there before the answer');
  await answer;
  t.ok(performance.now() - started >= 1_499, 'the answer came late');

  await control.addFault(s3Fault('late', { operation: 'GetObject', delayMs: 100 }));
  t.equal((await get('after')).length, 3_000_000, 'a late answer larger than any buffer is complete');
  await control.addFault(s3Fault('timeout_after', { operation: 'GetObject' }));
  await t.rejects(get('after'), { message: /socket hang up|ECONNRESET/ });
  await put('a');
  t.ok((await control.faults()).every(({ remaining, struck }) => remaining === 0 && struck === 1));
});

t.test('STS: each kind', async (t) => {
  const { control, whoAmI } = await lab(t);
  const order = (kind: FaultInput['kind'], more = {}) =>
    control.addFault({ service: 'sts', operation: 'GetCallerIdentity', kind, times: 1, ...more });
  await order('throttle');
  await t.rejects(whoAmI(), { name: 'Throttling' });
  await order('deny');
  await t.rejects(whoAmI(), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  await order('expired');
  await t.rejects(whoAmI(), { name: 'ExpiredToken' });
  await order('skewed');
  await t.rejects(whoAmI(), { name: 'SignatureDoesNotMatch', message: /not yet current/ });
  for (const kind of ['timeout_before', 'timeout_after'] as const) {
    await order(kind);
    await t.rejects(whoAmI(), { message: /socket hang up|ECONNRESET/ }, kind);
  }
  await order('late', { delayMs: 120 });
  const started = performance.now();
  t.equal((await whoAmI()).Account, LAB);
  t.ok(performance.now() - started >= 119);
});

t.test('the retries of the SDK outlive a short fault', async (t) => {
  const { control, s3, root } = await lab(t);
  await control.addFault(s3Fault('throttle', { times: 2 }));
  await control.addFault(s3Fault('timeout_after', { times: 1 }));
  const client = s3(root(LAB), 5);
  const { $metadata } = await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x' }));
  t.equal($metadata.attempts, 4);
});

t.test('a fault strikes only what it names', async (t) => {
  const { control, whoAmI, put, sts, root } = await lab(t);
  await control.addFault({ id: 'x', service: 'sts', operation: '*', accountId: LAB, kind: 'deny' });
  t.equal((await whoAmI(HUB)).Account, HUB);
  await put('a');
  await t.rejects(whoAmI(), { name: 'AccessDenied' });
  await t.rejects(
    sts(root(LAB)).send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${LAB}:role/x`, RoleSessionName: 'xx' }),
    ),
    { name: 'AccessDenied', message: /order of a fault/ },
  );
  t.match(await control.faults(), [{ id: 'x', struck: 2, remaining: undefined }]);
  await control.clearFaults('x');
  t.same(await control.faults(), []);
  t.equal((await whoAmI()).Account, LAB);
});

t.test('probabilities repeat with their seed', async (t) => {
  const { control, whoAmI } = await lab(t);
  const pattern = async (seed: number) => {
    await control.clearFaults();
    await control.addFault({ service: 'sts', operation: '*', kind: 'deny', probability: 0.4, seed });
    const outcomes = [];
    for (let i = 0; i < 40; i++)
      outcomes.push(
        await whoAmI().then(
          () => '.',
          () => 'x',
        ),
      );
    return outcomes.join('');
  };
  const first = await pattern(7);
  t.equal(await pattern(7), first);
  t.not(await pattern(8), first);
  const struck = first.split('x').length - 1;
  t.ok(struck > 6 && struck < 28, `${struck} of 40`);
});

t.test('orders that make no sense are refused', async (t) => {
  const { control } = await lab(t);
  const base = { service: 's3', operation: 'PutObject', kind: 'deny' } as const;
  for (const wrong of [
    { ...base, service: 'ec2' },
    { ...base, kind: 'late' },
    { ...base, delayMs: 5 },
    { ...base, probability: 2 },
    { ...base, times: 0 },
    { ...base, operation: 'Put Object' },
    { ...base, unknown: 1 },
  ]) {
    await t.rejects(
      control.addFault(wrong as FaultInput),
      { code: 'ValidationError' },
      JSON.stringify(wrong),
    );
  }
  await t.rejects(control.addFault({ ...base, accountId: HUB }), { code: 'AccessDeniedException' });
});

t.test('calls are counted by service, operation and account', async (t) => {
  const { control, put, get, whoAmI } = await lab(t);
  await control.clearCalls();
  await put('a');
  await put('b');
  await get('a');
  await whoAmI();
  await whoAmI(HUB);
  await whoAmI(HUB);
  t.same(await control.calls(), [
    { service: 's3', operation: 'PutObject', accountId: LAB, count: 2 },
    { service: 's3', operation: 'GetObject', accountId: LAB, count: 1 },
    { service: 'sts', operation: 'GetCallerIdentity', accountId: LAB, count: 1 },
    { service: 'sts', operation: 'GetCallerIdentity', accountId: HUB, count: 2 },
  ]);
});
