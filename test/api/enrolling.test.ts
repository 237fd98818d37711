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
