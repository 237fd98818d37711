/** The function behind EventBridge, with events as AWS sends them. */
import t from 'tap';
import { callBackFor } from '../../compute/functions/callback.ts';
import { BUCKETS, startBroker, startUnit } from '../compute/helpers/unit.ts';

const unit = await startUnit(t);

t.test(
  'a callback names its job and attempt, with the token of its document, for both kinds of event',
  async (t) => {
    const broker = await startBroker(t);
    const deps = { objects: unit.objects, fetch, dataBucket: BUCKETS.data, apiUrl: broker.url };
    const pointer = await unit.submit({ callback: { url: 'http://127.0.0.1:1', token: 'job-token' } });
    for (const status of ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']) {
      await callBackFor({ source: 'aws.states', detail: { status, input: JSON.stringify(pointer) } }, deps);
    }
    const said = broker.calls.map(({ path, authorization, body }) => [path, authorization, body]);
    t.same(said[2], ['/api/job/job-1/callback', 'Bearer job-token', { status: 'timed_out', attempt: 0 }]);
    t.equal(said.length, 4);
    const key = pointer.key.replace('job.json', 'result.zip');
    await callBackFor({ source: 'aws.s3', detail: { object: { key } } }, deps);
    t.match(broker.calls[4], { path: '/api/job/job-1/callback', body: { status: 'ended', attempt: 0 } });
  },
);

t.test('what cannot be told is tried again; what nobody waits for is not', async (t) => {
  const broker = await startBroker(t);
  const deps = { objects: unit.objects, fetch, dataBucket: BUCKETS.data, apiUrl: broker.url };
  const pointer = await unit.submit({ jobId: 'job-2', callback: { url: broker.url, token: 'x' } });
  const event = { detail: { status: 'FAILED', input: JSON.stringify(pointer) } };
  broker.answer = () => ({ status: 503, body: {} });
  await t.rejects(callBackFor(event, deps), { message: /the broker was not told of job-2: status 503/ });
  broker.answer = () => ({ status: 401, body: {} });
  t.equal(await callBackFor(event, deps), 'the broker refuses: status 401');
  t.equal(
    await callBackFor({ detail: { status: 'FAILED', input: '{"by":"hand"}' } }, deps),
    'not a job of the broker',
  );
  t.equal(await callBackFor({ detail: { object: { key: 'other.zip' } } }, deps), 'not a job of the broker');
  const gone = { ...pointer, key: 'mroptimum/user-1/job-3/0/job.json', jobId: 'job-3' };
  t.equal(await callBackFor({ detail: { input: JSON.stringify(gone) } }, deps), 'the job is gone');
});
