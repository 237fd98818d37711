/** A broker that is killed leaves no use of somebody's account out of the owner's audit trail. */
import t from 'tap';
import { startTestCloud } from '../helpers/cloud.ts';
import type { Person } from '../helpers/person.ts';
import { giveUnit, wholeBroker } from '../helpers/whole-broker.ts';

const cloud = await startTestCloud(t);
const PUT = { operation: 'put', filename: 'scan.dat' };

interface Entry {
  action: string;
  outcome: string;
  details: Record<string, string>;
}

async function uses(who: Person): Promise<Entry[]> {
  const { entries } = (await who.get('/api/audit?limit=100')).json();
  return entries.filter(({ action }: Entry) => action === 'session.presign.uses');
}

/** A link for an upload: the id of the request, and the access key id that has signed it. */
async function link(who: Person): Promise<{ requestId: string; accessKeyId: string | undefined }> {
  const answer = await who.post('/data/presign', { ...PUT, computing_unit_id: cloud.mode2.unitId });
  t.equal(answer.statusCode, 200, answer.body);
  const accessKeyId = new URL(answer.json().url).searchParams.get('X-Amz-Credential')?.split('/')[0];
  return { requestId: String(answer.headers['x-request-id']), accessKeyId };
}

t.test(
  'R58: links that a killed broker gave out are covered by the trail, under their access key id',
  async (t) => {
    const first = await wholeBroker(t, cloud);
    const ada = await first.person('ada@example.org');
    await giveUnit(cloud, cloud.mode2, ada);
    const links = [await link(ada), await link(ada), await link(ada)];
    const [{ accessKeyId, requestId }] = links;
    for (const each of links) t.equal(each.accessKeyId, accessKeyId, 'one session');
    await first.dies();

    const second = await wholeBroker(t, cloud);
    const again = await second.signIn('ada@example.org');
    const left = { outcome: 'open', details: { accessKeyId, atMost: '100', for: requestId } };
    t.match(
      await uses(again),
      [left],
      'no count, but that there were uses, how many at most, and whose first',
    );
    t.ok(links.length <= Number((await uses(again))[0].details['atMost']));

    const other = await link(again);
    t.not(other.accessKeyId, accessKeyId, 'the next broker has a session of its own');
    const [newest, ...older] = await uses(again);
    t.match(newest, { outcome: 'open', details: { accessKeyId: other.accessKeyId, for: other.requestId } });
    t.match(older, [left], 'what the dead one has left stays');
  },
);

t.test('R58: after two minutes the requests of a killed broker are in the trail by name', async (t) => {
  const broker = await wholeBroker(t, cloud);
  const ada = await broker.signIn('ada@example.org');
  const links = [await link(ada), await link(ada), await link(ada)];
  broker.loop.start();
  const named = async (who: Person) =>
    (await uses(who)).find(({ details }) => details['accessKeyId'] === links[0].accessKeyId);
  cloud.clock.advance(2 * 60_000);
  for (let i = 0; i < 100 && (await named(ada))?.details['uses'] !== '3'; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await broker.dies();
  const another = await wholeBroker(t, cloud);
  t.match(await named(await another.signIn('ada@example.org')), {
    outcome: 'open',
    details: { uses: '3', operations: 'Presign 3', for: links.map(({ requestId }) => requestId).join(' ') },
  });
});
