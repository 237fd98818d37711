/** How an owner proves an account and enrols a stack, and what is no proof. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { broker, HUB, MODE_1, MODE_2, type Person, RESEARCHER } from '../helpers/http.ts';
import { signedBy } from '../helpers/memory-account.ts';

const challenge = async (who: Person, body: object = {}) =>
  (await who.post('/api/computing-unit/challenges', body)).json();

t.test('T9: a challenge is good once, for 10 minutes, for one person', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const made = await challenge(ada);
  t.match(made, {
    nonce: /^[0-9a-f]{64}$/,
    audience: `arn:aws:iam::${HUB}:role/broker`,
    externalId: /^cloudmr-/,
    enrolmentCode: /^[\w-]{43}$/,
    expiresAt: '2099-11-22T09:40:00.000Z',
    request: { method: 'POST', url: /^https:\/\/sts\./ },
  });
  const header = made.request.headers['x-cloudmr-challenge'];
  t.equal(header, `${made.audience};${made.nonce}`);
  const proof = signedBy(RESEARCHER, header);
  const register = (who: Person, over: object) =>
    who.post('/computing-unit/register', { ...MODE_2, ...over });

  t.match((await register(eve, { proof })).json(), { code: 'challenge_used' }, "somebody else's");
  const once = await register(ada, { proof, externalId: made.externalId });
  t.match(once.json(), { status: 'ready' });
  const twice = await register(ada, { proof, externalId: made.externalId });
  t.equal(twice.statusCode, 409);
  t.match(twice.json(), { code: 'challenge_used', remedy: /challenges/ });

  const late = signedBy(RESEARCHER, (await challenge(ada)).request.headers['x-cloudmr-challenge']);
  b.pass(10 * 60_000 + 1);
  t.match((await register(ada, { proof: late })).json(), { code: 'challenge_used' }, 'too late');

  const other = await challenge(ada);
  const elsewhere = signedBy(RESEARCHER, `arn:aws:iam::999999999999:role/another-broker;${other.nonce}`);
  const refused = await register(ada, { proof: elsewhere });
  t.equal(refused.statusCode, 403);
  t.match(refused.json(), { code: 'ownership_refused' }, 'signed for another broker');
  const foreign = signedBy('333333333333', other.request.headers['x-cloudmr-challenge']);
  t.match((await register(ada, { proof: foreign })).json(), {
    code: 'ownership_refused',
    message: /account 333333333333, not of 222222222222/,
  });
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ status: 'ready' }] });
});

t.test('25 registrations with one proof at once: one of them is proven', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const made = await challenge(ada);
  const proof = signedBy(RESEARCHER, made.request.headers['x-cloudmr-challenge']);
  const answers = await Promise.all(
    Array.from({ length: 25 }, (_, i) =>
      ada.post('/computing-unit/register', {
        ...MODE_2,
        stateMachineArn: `${MODE_2.stateMachineArn}-${i}`,
        externalId: made.externalId,
        proof,
      }),
    ),
  );
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 1);
  t.equal(answers.filter((answer) => answer.json().code === 'challenge_used').length, 24);
});

t.test('a proof with headers too many, too few or twice is no request', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { headers } = signedBy(RESEARCHER, 'x;y');
  const cases: Record<string, object> = {
    'x-evil': { ...headers, 'X-Evil': '1' },
    authorization: { 'x-amz-date': 'd', 'x-cloudmr-challenge': 'c' },
    'x-amz-date': { ...headers, 'x-amz-date': 'again' },
  };
  for (const [name, wrong] of Object.entries(cases)) {
    const answer = await ada.post('/computing-unit/register', { ...MODE_2, proof: { headers: wrong } });
    t.equal(answer.statusCode, 400, name);
    t.match(answer.json().message.toLowerCase(), `proof.headers.${name}`);
  }
});

t.test('T27: a stack registers with the code of a challenge, and with nothing else', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { enrolmentCode, externalId, audience } = await challenge(ada);
  const nonce = createHash('sha256').update(enrolmentCode).digest('hex');
  const proof = signedBy(RESEARCHER, `${audience};${nonce}`);
  const enrol = (over: object) =>
    b.app.inject({
      method: 'POST',
      url: '/api/computing-unit/enrol',
      payload: { ...MODE_2, externalId, enrolmentCode, proof, ...over },
    });
  t.equal((await enrol({ enrolmentCode: 'guessed' })).json().code, 'challenge_used');
  t.equal((await enrol({ proof: undefined })).statusCode, 400);
  const second = await challenge(ada);
  const other = signedBy(RESEARCHER, second.request.headers['x-cloudmr-challenge']);
  t.equal((await enrol({ proof: other })).json().code, 'challenge_used', 'the proof of another challenge');
  t.equal((await enrol(MODE_1)).json().code, 'not_allowed', 'Mode 1 is for administrators');
  const done = await enrol({});
  t.equal(done.statusCode, 201, done.body);
  t.match(done.json(), { status: 'ready' });
  t.equal((await enrol({})).json().code, 'challenge_used', 'once');
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ status: 'ready' }] });
  t.notMatch(await b.stored(), enrolmentCode, 'the code itself is stored nowhere');
});

t.test('T5: ARNs of another account, region or partition', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const mixed = {
    'stateMachineArn: belongs to another account': {
      stateMachineArn: MODE_2.stateMachineArn.replace(RESEARCHER, '333333333333'),
    },
    'crossAccountRoleArn: belongs to another account': {
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace(RESEARCHER, '333333333333'),
    },
    'stateMachineArn: lies in another region': { region: 'eu-west-1' },
    'crossAccountRoleArn: lies in another partition': {
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace('arn:aws:', 'arn:aws-cn:'),
    },
    'awsAccountId: Mode 2 units run in your own account': {
      awsAccountId: HUB,
      stateMachineArn: MODE_1.stateMachineArn,
      crossAccountRoleArn: MODE_2.crossAccountRoleArn.replace(RESEARCHER, HUB),
    },
  };
  for (const [message, over] of Object.entries(mixed)) {
    const answer = await b.proven(ada, { ...MODE_2, ...over });
    t.equal(answer.statusCode, 400, message);
    t.match(answer.json().message, message);
  }
  t.equal((await ada.get('/computing-unit/list')).json().count, 0);
  t.equal(b.account.probes, 0, 'nobody was asked');
});

t.test('R136: a region that does not exist, or that is not the one of the stack', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const nowhere = 'eu-middle-9';
  const cases: [over: object, message: RegExp][] = [
    [
      { region: nowhere, stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', nowhere) },
      /^region: AWS has no region eu-middle-9 in the partition of stateMachineArn$/,
    ],
    [{ region: 'eu-west-1' }, /^stateMachineArn: lies in another region than region$/],
    [
      { stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', 'eu-west-1') },
      /^stateMachineArn: lies in another region than region$/,
    ],
    [
      { region: 'cn-north-1' },
      /^region: AWS has no region cn-north-1 in the partition .*; stateMachineArn: lies in another region/,
    ],
  ];
  for (const [over, message] of cases) {
    const refused = await b.proven(ada, { ...MODE_2, ...over });
    t.equal(refused.statusCode, 400, message.source);
    t.match(refused.json(), {
      code: 'invalid_request',
      message,
      remedy: /^Register with the region in which the stack was deployed/,
    });
  }
  const unit = (await b.proven(ada)).json();
  const moved = await ada.patch(`/api/computing-unit/${unit.computingUnitId}`, {
    stateMachineArn: MODE_2.stateMachineArn.replace('us-east-1', 'eu-west-1'),
  });
  t.match(moved.json(), { code: 'invalid_request', message: /another region/ }, 'nor afterwards');
  t.match((await ada.get('/computing-unit/list')).json(), { count: 1, units: [{ region: 'us-east-1' }] });
});
