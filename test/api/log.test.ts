/** Nothing that opens a door ever reaches the log. */
import t from 'tap';
import { createLog } from '../../src/log.ts';
import { broker, MODE_1, taskWith } from '../helpers/http.ts';

const CANARIES = {
  password: 'Canary-password.7',
  alias: 'canary-alias',
  filename: 'canary-file-of-Hans-Mueller.dat',
  query: 'canary-query',
  header: 'canary-header',
  signature: 'canary-signature',
};

t.test(
  'T31: a line per request with route, status, time and person; no body, query, header or token',
  async (t) => {
    const b = await broker(t, {}, (app) => {
      app.get('/fail', async () => {
        throw new Error(`GET https://s3.test/b/k?X-Amz-Signature=${CANARIES.signature}&X-Amz-Date=1 failed`, {
          cause: new Error(`Bearer ${CANARIES.header}`),
        });
      });
    });
    const admin = await b.administrator();
    await admin.post('/computing-unit/register', MODE_1);
    const ada = await b.person('ada@example.org');
    const inject = (url: string, payload: object) => b.app.inject({ method: 'POST', url, payload });
    await inject('/auth/register', { email: 'x@example.org', password: CANARIES.password });
    await inject('/auth/login', { email: 'x@example.org', password: CANARIES.password });
    await inject(`/auth/refresh?token=${CANARIES.query}`, { refresh_token: ada.tokens.refresh_token });
    const put = (await ada.post('/data/presign', { operation: 'put', filename: CANARIES.filename })).json();
    const { jobId } = (
      await ada.post('/task/queue', { alias: CANARIES.alias, task: taskWith(put, CANARIES.filename) })
    ).json();
    await b.ticker.tick();
    await ada.get(`/api/job/${jobId}?x=${CANARIES.query}`, {
      cookie: CANARIES.header,
      'x-other': CANARIES.header,
    });
    await ada.get('/profile', { authorization: `Bearer ${CANARIES.header}` });
    await b.app.inject(`/nowhere?${CANARIES.query}`);
    t.equal((await b.app.inject('/fail')).statusCode, 500);

    const text = b.lines.join('');
    t.ok(b.cloud.documents[0].callback?.token);
    for (const secret of [
      ...Object.values(CANARIES),
      ...Object.values(ada.tokens).filter((token) => String(token).length > 26),
      b.cloud.documents[0].callback?.token ?? '',
      (await b.jobStore.get(jobId))?.tokenHash ?? '',
      'argon2',
    ]) {
      t.notOk(text.includes(String(secret)), String(secret).slice(0, 30));
    }
    const lines = b.lines.map((line) => JSON.parse(line));
    const line = lines.find(({ route }) => route === '/api/job/:jobId');
    t.match(line, { level: 'info', method: 'GET', status: 200, userId: ada.userId, requestId: /^\w{26}$/ });
    t.type(line.ms, 'number');
    t.same(Object.keys(line).sort(), [
      'level',
      'method',
      'ms',
      'msg',
      'requestId',
      'route',
      'status',
      'time',
      'userId',
    ]);
    t.match(
      lines.find(({ level }) => level === 'error'),
      { msg: 'request failed', code: 'internal' },
    );
  },
);

t.test('T11: fields and texts with secrets are redacted wherever they stand', async (t) => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const canary = 'canary-0123456789';
  log.info({ password: canary, user: { passwordHash: canary, deep: { token: canary } } }, 'fields');
  log.info({ req: { method: 'GET', url: `/x?${canary}`, headers: { authorization: canary } } }, 'request');
  log.warn({ headers: { authorization: canary, cookie: canary } }, `Authorization: Bearer ${canary}`);
  log.error({ err: Object.assign(new Error('x'), { $response: { body: canary }, config: canary }) }, 'error');
  log.error({ err: `https://b.s3.test/k?x-amz-security-token=${canary}` }, 'text');
  log.info({ a: { b: { c: { d: { password: `with "quotes" and \\\\ ${canary}` } } } } }, 'deep');
  log.info({ text: JSON.stringify({ user: 'x', token: `"quoted" \\\\ ${canary}`, n: 1 }) }, 'JSON in a text');
  log.info({ api_key: 'x', 'x-api-key': canary, URL: `http://x/${canary}` }, 'headers');
  log.info({}, `token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${canary}`);
  t.equal(lines.length, 9);
  t.notMatch(lines.join(''), canary);
  for (const line of lines) t.doesNotThrow(() => JSON.parse(line));
});
