/** A unit that is not there, or not the caller's: what is said wherever one can be named. */
import t from 'tap';
import { broker, MODE_1, MODE_2, taskWith } from '../helpers/http.ts';

t.test('R137: "Computing unit not found" says which id, and what to look at', async (t) => {
  const b = await broker(t);
  await (await b.administrator()).post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const task = taskWith({ bucket, key });
  const unknown = '01M80D0N0000000000000000ZZ';
  const ofEve = (await b.proven(eve, MODE_2)).json().computingUnitId as string;

  for (const unitId of [unknown, ofEve]) {
    const named = { alias: 'brain', task, computing_unit_id: unitId };
    for (const [what, answer] of [
      ['submit', await ada.post('/api/task/queue', named)],
      ['submit of older callers', await ada.post('/api/pipeline/queue_job', named)],
      ['estimate', await ada.post('/api/task/estimate', { task, computing_unit_id: unitId })],
      ['get', await ada.get(`/api/computing-unit/${unitId}`)],
      ['upload', await ada.post('/api/data/presign', { ...PUT, computing_unit_id: unitId })],
    ] as const) {
      t.equal(answer.statusCode, 404, what);
      const { code, message, remedy } = answer.json();
      t.same({ code, message }, { code: 'not_found', message: `no computing unit ${unitId}` }, what);
      t.match(remedy, /Check the id; only your own things can be seen/, what);
    }
  }
  t.same((await ada.get('/api/job')).json().jobs, [], 'no job has been made');
  const { computingUnits } = (await eve.get('/api/computing-unit/list')).json();
  t.ok(
    computingUnits.some((unit: { computingUnitId: string }) => unit.computingUnitId === ofEve),
    'the list shows it to its owner at once',
  );
});

const PUT = { operation: 'put', filename: 's.dat' };
