/** Enrolment by a code: worth no more than the account that it was given to. */
import t from 'tap';
import { broker, MODE_2, RESEARCHER } from '../helpers/http.ts';
import { signedBy } from '../helpers/memory-account.ts';

t.test('enrolment by somebody who was disabled or deleted is refused', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const enrol = async (leave: (userId: string) => Promise<unknown>, email: string) => {
    const person = await b.person(email);
    const given = (await person.post('/api/computing-unit/challenges', {})).json();
    await leave(person.userId);
    const { externalId, enrolmentCode, request } = given;
    const proof = signedBy(RESEARCHER, request.headers['x-cloudmr-challenge']);
    return b.app.inject({
      method: 'POST',
      url: '/api/computing-unit/enrol',
      payload: { ...MODE_2, externalId, enrolmentCode, proof },
    });
  };
  const deleted = await enrol((userId) => admin.del(`/api/admin/users/${userId}`), 'eve@example.org');
  t.match(deleted.json(), { code: 'challenge_used' });
  const disabled = await enrol(
    (userId) => admin.post(`/api/admin/users/${userId}/disable`),
    'mallory@example.org',
  );
  t.match(disabled.json(), { code: 'challenge_used' });
  t.equal(b.account.probes, 0, 'nothing was asked of the account');
  t.equal((await enrol(async () => undefined, 'ada@example.org')).statusCode, 201, 'control');
});

t.test('a stack that is deleted takes along the unit that it enrolled, once, and no other', async (t) => {
  const b = await broker(t);
  const person = await b.person('ada@example.org');
  const given = (await person.post('/api/computing-unit/challenges', {})).json();
  const { externalId, enrolmentCode, request } = given;
  const post = (act: string, payload: object) =>
    b.app.inject({ method: 'POST', url: `/api/computing-unit/${act}`, payload });
  const { stateMachineArn } = MODE_2;
  const withdraw = async (code: string, arn = stateMachineArn) =>
    (await post('withdraw', { enrolmentCode: code, stateMachineArn: arn })).json();
  t.same(await withdraw(enrolmentCode), { success: true, removed: false }, 'it has brought nothing in yet');
  const proof = signedBy(RESEARCHER, request.headers['x-cloudmr-challenge']);
  const { computingUnitId } = (await post('enrol', { ...MODE_2, externalId, enrolmentCode, proof })).json();

  t.same(await withdraw('another-code'), { success: true, removed: false });
  t.equal((await person.get(`/api/computing-unit/${computingUnitId}`)).statusCode, 200);
  t.same(await withdraw(enrolmentCode), { success: true, removed: true });
  t.equal((await person.get(`/api/computing-unit/${computingUnitId}`)).statusCode, 404);
  t.same(await withdraw(enrolmentCode), { success: true, removed: false }, 'once');
  const { entries } = (await person.get('/api/audit')).json();
  t.match(
    entries.find(({ action }: { action: string }) => action === 'unit.remove'),
    { subject: computingUnitId, outcome: 'its stack was deleted' },
  );
});
