/** What routes do in the account of a unit, nothing left out: the broker's role, STS, S3, Step Functions, the trail. */
import { setTimeout as pause } from 'node:timers/promises';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { startTestCloud } from '../helpers/cloud.ts';
import { taskWith } from '../helpers/http.ts';
import type { Person } from '../helpers/person.ts';
import { giveUnit, wholeBroker } from '../helpers/whole-broker.ts';

const cloud = await startTestCloud(t);
const { loop, person } = await wholeBroker(t, cloud);
const hub = await person('hub@example.org');
const ada = await person('ada@example.org');
const UNITS = [
  { owner: hub, unit: await giveUnit(cloud, { ...cloud.mode1, isShared: false }, hub) },
  { owner: ada, unit: await giveUnit(cloud, cloud.mode2, ada) },
];

interface Entry {
  action: string;
  outcome: string;
  requestId?: string;
  details: Record<string, string>;
}

/** Sessions of a purpose in the trail of a person, newest first. */
async function sessions(who: Person, purpose: string): Promise<Entry[]> {
  const { entries } = (await who.get('/api/audit?limit=100')).json();
  return entries.filter(({ action }: Entry) => action === `session.${purpose}`);
}

const keyOf = (url: string) => new URL(url).searchParams.get('X-Amz-Credential')?.split('/')[0];
const denyOnce = (accountId: string) =>
  cloud.control(accountId).addFault({ service: 'sts', operation: 'AssumeRole', kind: 'deny', times: 1 });

for (const { owner, unit } of UNITS) {
  const put = (headers = {}) => {
    const body = { operation: 'put', filename: 'scan.dat', computing_unit_id: unit.unitId };
    return owner.post('/data/presign', body, headers);
  };

  t.test(
    `R47, ${unit.mode}: /data/presign signs with a session of AssumeRole, and with none else`,
    async (t) => {
      await denyOnce(unit.awsAccountId);
      const refused = await put();
      t.match(
        refused.json(),
        { code: 'cloud_refused', remedy: /./ },
        'no other credentials take their place',
      );
      t.notMatch(refused.body, /X-Amz/);
      t.match(await sessions(owner, 'presign'), [{ outcome: 'AccessDenied' }]);

      const asked = await cloud.calls('sts', 'AssumeRole');
      const answer = await put({ 'x-request-id': 'presign-1' });
      t.equal(answer.statusCode, 200, answer.body);
      const { url, dataId, bucket, key } = answer.json();
      t.equal(bucket, unit.dataBucket);
      t.equal(new URL(url).searchParams.get('x-amz-expected-bucket-owner'), unit.awsAccountId);
      const [session] = await sessions(owner, 'presign');
      t.match(session, { outcome: 'ok', details: { accessKeyId: keyOf(url), forUserId: owner.userId } });
      t.equal((await fetch(url, { method: 'PUT', body: 'k-space' })).status, 200);

      const get = await owner.post('/data/presign', { operation: 'get', dataId });
      t.equal(get.statusCode, 200, get.body);
      const down = await fetch(get.json().url);
      t.equal(await down.text(), 'k-space', `${bucket}/${key} comes back`);
      t.equal(keyOf(get.json().url), keyOf(url), 'by the same session');
      t.equal((await sessions(owner, 'presign')).length, 2);
      t.equal(await cloud.calls('sts', 'AssumeRole'), asked + 1, 'AssumeRole was asked once for both');
    },
  );

  t.test(`R44, ${unit.mode}: /task/queue starts the job with a session of AssumeRole`, async (t) => {
    const { clients, credentials } = cloud.rootClients(unit.awsAccountId);
    const asRoot = clients.sfn(await credentials(), unit.region);
    loop.start();
    const place = { bucket: unit.dataBucket, key: `mroptimum/${owner.userId}/uploads/s.dat` };
    const body = { alias: 'a', task: taskWith(place), computing_unit_id: unit.unitId };
    const queued = await owner.post('/task/queue', body);
    t.equal(queued.statusCode, 202, queued.body);
    const { jobId } = queued.json();
    const job = async () => (await owner.get(`/api/job/${jobId}`)).json();
    for (let i = 0; i < 200 && !(await job()).startedAt; i++) await pause(50);
    const { executionArn } = await job();
    t.equal(executionArn.split(':')[4], unit.awsAccountId);

    const [session, ...others] = await sessions(owner, 'start');
    t.same(others, []);
    t.match(session, {
      outcome: 'ok',
      details: { jobId, roleSessionName: `cloudmr-start-${jobId}`, accessKeyId: /^\w{16,}$/ },
    });
    const execution = () => asRoot.send(new DescribeExecutionCommand({ executionArn }));
    t.match(await execution(), { status: 'RUNNING' });
    t.equal((await owner.post(`/api/job/${jobId}/cancel`)).statusCode, 202);
    for (let i = 0; i < 200 && (await execution()).status === 'RUNNING'; i++) await pause(50);
    t.match(await execution(), { status: 'ABORTED' });
    t.equal((await job()).state, 'canceling', 'until it is known that no worker runs');
    const used = await Promise.all(['cancel', 'observe'].map((purpose) => sessions(owner, purpose)));
    t.ok(used.flat().every(({ outcome }) => outcome === 'ok'));
    const keys = [session, ...used.flat()].map(({ details }) => details['accessKeyId']);
    t.equal(new Set(keys).size, keys.length, 'each purpose has a session of its own');
  });
}
