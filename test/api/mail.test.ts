/** Reset codes and notices of approval by mail, to a real SMTP server. */
import t from 'tap';
import { createSmtpMailer } from '../../src/security/smtp-mailer.ts';
import { createTerminalMailer } from '../../src/terminal-mailer.ts';
import { broker, PASSWORD } from '../helpers/http.ts';
import { startMailServer } from '../helpers/mail-server.ts';
import { workDone } from '../helpers/work-done.ts';

const NEW = 'Another-horse.8';
const MINUTE_MS = 60_000;
const CODE = /^ {4}((?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4})$/m;

async function setting(t: Parameters<typeof broker>[0]) {
  const server = await startMailServer(t);
  const b = await broker(t, {
    mailer: createSmtpMailer({ url: server.url, from: 'CloudMR <noreply@example.org>' }),
  });
  const post = (url: string, payload: object) => b.app.inject({ method: 'POST', url, payload });
  return {
    ...b,
    ...server,
    admin: await b.administrator(),
    register: async (email: string) => (await b.identity.register({ email, password: PASSWORD })).userId,
    forgot: (email: string) => post('/auth/forgot-password', { email }),
    reset: (code: string, email = 'ada@example.org') =>
      post('/auth/reset-password', { email, code, newPassword: NEW }),
    signIn: async (password: string) =>
      (await post('/auth/login', { email: 'ada@example.org', password })).statusCode,
    /** Lets the outbox look. */
    async after(ms: number) {
      b.pass(ms);
      await b.identity.outbox.tick();
    },
    codes: () => server.received.flatMap(({ text }) => CODE.exec(text)?.[1] ?? []),
  };
}

t.test('a forgotten password: the code comes by mail, works once, and is stored nowhere', async (t) => {
  const s = await setting(t);
  await s.identity.approve(await s.register('ada@example.org'));
  await s.after(MINUTE_MS);
  const answer = await s.forgot(' Ada@Example.org ');
  t.equal(answer.statusCode, 200);
  t.match(answer.json().message, /is on its way/);
  await s.after(0);
  const mail = s.received.at(-1);
  t.same(mail?.to, ['ada@example.org']);
  t.equal(mail?.from, 'noreply@example.org');
  t.match(mail?.headers, {
    from: 'CloudMR <noreply@example.org>',
    to: 'ada@example.org',
    subject: 'Your CloudMR reset code',
    'auto-submitted': 'auto-generated',
  });
  t.match(mail?.text, /https:\/\/gui\.test/);
  const [code] = s.codes();
  t.notOk((await s.stored()).includes(code));
  t.notOk(
    s.lines.some((line) => line.includes(code) || line.includes('ada@example.org')),
    'nor logged',
  );
  t.equal((await s.reset(code)).statusCode, 200);
  t.equal(await s.signIn(NEW), 200);
  t.equal((await s.reset(code)).statusCode, 401, 'once');
});

t.test('a notice of approval is sent when, and only when, somebody is let in', async (t) => {
  const s = await setting(t);
  const userId = await s.register('ada@example.org');
  await s.admin.post(`/api/admin/users/${userId}/approve`);
  await s.admin.post(`/api/admin/users/${userId}/approve`);
  t.equal(s.received.length, 0);
  await s.after(MINUTE_MS);
  t.match(s.received, [{ to: ['ada@example.org'], headers: { subject: 'Your CloudMR account is open' } }]);
  await s.admin.post(`/api/admin/users/${userId}/disable`);
  await s.admin.post(`/api/admin/users/${userId}/approve`);
  await s.admin.post(`/api/admin/users/${userId}/disable`);
  await s.after(MINUTE_MS);
  t.equal(s.received.length, 1, 'disabled again meanwhile: there is nothing to tell');
  await s.admin.post('/api/admin/users/nobody/approve');
  await s.after(MINUTE_MS);
  t.equal(s.received.length, 1);
});

t.test(
  'what cannot be sent is sent later, with the same code; the intention outlives the process',
  async (t) => {
    const s = await setting(t);
    await s.identity.approve(await s.register('ada@example.org'));
    await s.after(MINUTE_MS);
    s.received.length = 0;
    s.answers.push({ at: 'RCPT', line: '451 later' }, { at: 'DATA', line: '452 full' });
    await s.forgot('ada@example.org');
    t.match(await s.stored(), /MAIL#reset-/, 'stored before the reply');
    await s.after(0);
    await s.after(10_000);
    t.equal(s.received.length, 0);
    await s.after(MINUTE_MS);
    t.equal(s.received.length, 1);
    await s.after(60 * MINUTE_MS);
    t.equal(s.received.length, 1, 'and not again');
    t.equal((await s.reset(s.codes()[0])).statusCode, 200);
  },
);

t.test('a server that is away may come back; a final no is final', async (t) => {
  const s = await setting(t);
  const mailer = createSmtpMailer({ url: 'smtp://127.0.0.1:1', from: 'a@example.org' });
  t.match(await mailer.send({ to: 'a@example.org', subject: 's', text: 't' }), { state: 'failed' });
  await s.identity.approve(await s.register('ada@example.org'));
  await s.after(MINUTE_MS);
  s.received.length = 0;
  s.answers.push({ at: 'RCPT', line: '550 nobody of that name' });
  await s.forgot('ada@example.org');
  for (let i = 0; i < 5; i++) await s.after(10 * MINUTE_MS);
  t.equal(s.received.length, 0);
  t.ok(s.lines.some((line) => line.includes('"problem":"550"')));
  const waiting = await s.admin.get('/api/admin/users?resetRequested=true');
  t.equal(waiting.json().users.length, 1, 'administrators see the request');
});

t.test(
  'nobody learns whether an account exists: the same answer, the same writes, the same time',
  async (t) => {
    const s = await setting(t);
    await s.identity.approve(await s.register('ada@example.org'));
    await s.after(MINUTE_MS);
    s.received.length = 0;
    const [known, unknown] = [await s.forgot('ada@example.org'), await s.forgot('eve@example.org')];
    t.same(known.json(), unknown.json());
    const stored = JSON.parse(await s.stored()).filter(({ pk }: { pk: string }) =>
      pk.startsWith('MAIL#reset-'),
    );
    t.equal(stored.length, 2);
    await s.after(0);
    t.same(
      s.received.map(({ to }) => to),
      [['ada@example.org']],
    );
    const items = JSON.parse(await s.stored()).filter(({ pk }: { pk: string }) =>
      pk.startsWith('MAIL#reset-'),
    );
    t.notMatch(JSON.stringify(items), /example\.org/, 'who asked is forgotten');
    const work = workDone(s);
    const before = await work(() => s.forgot('ada@example.org'));
    t.same(await work(() => s.forgot('eve@example.org')), before, 'for nobody it is the same work');
  },
);

t.test("nobody fills another's mailbox: one mail in ten minutes", async (t) => {
  const s = await setting(t);
  await s.identity.approve(await s.register('ada@example.org'));
  await s.after(MINUTE_MS);
  s.received.length = 0;
  for (let i = 0; i < 20; i++) {
    await s.forgot(i % 2 ? 'ADA@example.org' : 'ada@example.org');
    await s.after(5_000);
  }
  t.equal(s.received.length, 1);
  await s.after(10 * MINUTE_MS);
  await s.forgot('ada@example.org');
  await s.after(0);
  t.equal(s.received.length, 2);
  t.equal((await s.reset(s.codes()[0])).statusCode, 401, 'an older code is no longer valid');
  t.equal((await s.reset(s.codes()[1])).statusCode, 200);
});

t.test(
  'a code of an administrator that came later is not replaced, nor one sent after a change',
  async (t) => {
    const s = await setting(t);
    const userId = await s.register('ada@example.org');
    await s.identity.approve(userId);
    await s.after(MINUTE_MS);
    s.received.length = 0;
    await s.forgot('ada@example.org');
    s.pass(1_000);
    const { code } = (await s.admin.post(`/api/admin/users/${userId}/reset-code`)).json();
    await s.after(0);
    t.equal(s.received.length, 0);
    await s.after(10 * MINUTE_MS);
    await s.forgot('ada@example.org');
    s.pass(1_000);
    t.equal((await s.reset(code)).statusCode, 200);
    await s.after(0);
    t.equal(s.received.length, 0, 'the password has been changed since');
  },
);

t.test('who is shut out or signs in elsewhere gets no mail', async (t) => {
  const s = await setting(t);
  const userId = await s.register('ada@example.org');
  await s.identity.approve(userId);
  await s.after(MINUTE_MS);
  s.received.length = 0;
  await s.admin.post(`/api/admin/users/${userId}/disable`);
  await s.forgot('ada@example.org');
  await s.after(0);
  t.equal(s.received.length, 0);
  const elsewhere = await s.register('bob@example.org');
  const user = await s.identity.account(elsewhere);
  await s.userStore.replace({ ...user, status: 'active', foreignLink: 'x', version: user.version + 1 });
  await s.forgot('bob@example.org');
  await s.after(MINUTE_MS);
  t.equal(s.received.length, 0, 'administrators decide about a password beside the issuer');
});

t.test('what a person typed is in no mail', async (t) => {
  const s = await setting(t);
  const answer = await s.app.inject({
    method: 'POST',
    url: '/auth/register',
    payload: {
      email: 'ada@example.org',
      password: PASSWORD,
      username: 'Win now https://evil.example',
      firstName: 'Click https://evil.example',
    },
  });
  await s.admin.post(`/api/admin/users/${answer.json().userId}/approve`);
  await s.forgot('ada@example.org');
  await s.after(MINUTE_MS);
  t.equal(s.received.length, 2);
  t.notMatch(JSON.stringify(s.received), /evil/);
});

t.test('without a mail server, mail of the embedded broker is shown at its terminal', async (t) => {
  const said: string[] = [];
  const b = await broker(t, { mailer: createTerminalMailer((line) => void said.push(line)) });
  await b.person('ada@example.org');
  await b.app.inject({ method: 'POST', url: '/auth/forgot-password', payload: { email: 'ada@example.org' } });
  await b.identity.outbox.tick();
  t.match(said, [/^Mail for ada@example\.org \(no SMTP_URL is set\): Your CloudMR reset code\n/]);
  const code = /([0-9A-Z]{4}-){3}[0-9A-Z]{4}/.exec(said[0])?.[0];
  const reset = await b.app.inject({
    method: 'POST',
    url: '/auth/reset-password',
    payload: { email: 'ada@example.org', code, newPassword: NEW },
  });
  t.equal(reset.statusCode, 200);
  await createTerminalMailer((line) => void said.push(line)).send({
    to: 'a\u001b[2J@x',
    subject: 's',
    text: 't',
  });
  t.ok(said.at(-1)?.startsWith('Mail for a?[2J@x '), 'nothing steers the terminal');
});
