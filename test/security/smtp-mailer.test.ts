/** Mail by SMTP: what becomes a header, who gets it, and how it travels. */
import t from 'tap';
import { createSmtpMailer, isPlainAddress } from '../../src/security/smtp-mailer.ts';
import { startMailServer } from '../helpers/mail-server.ts';

t.test('hostile addresses never become headers or recipients', async (t) => {
  const { url, received } = await startMailServer(t);
  const mailer = createSmtpMailer({ url, from: 'noreply@example.org' });
  const hostile = [
    'a@example.org\r\nBcc: eve@example.org',
    'a@example.org\nSubject: x',
    'a@example.org,eve@example.org',
    'a@example.org;eve@example.org',
    'a@example.org eve@example.org',
    '<a@example.org>',
    'Eve <eve@example.org>',
    '"a b"@example.org',
    'a@example.org>\r\nRCPT TO:<eve@example.org',
    'a@@example.org',
    'a@example.org\0',
    'a(comment)@example.org',
    'team:a@example.org;',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(260)}`,
    'a@-example.org',
    'a@[127.0.0.1]',
    'a',
    '',
  ];
  for (const to of hostile) {
    t.same(await mailer.send({ to, subject: 's', text: 't' }), { state: 'refused', problem: 'address' }, to);
  }
  t.match(await mailer.send({ to: 'a@example.org', subject: 'x\r\nBcc: eve@example.org', text: '' }), {
    state: 'refused',
  });
  t.equal(received.length, 0);
  for (const to of ['ada@example.org', 'admin@localhost', "o'hara+mr@sub.example.co.uk"])
    t.ok(isPlainAddress(to), to);
  t.same(await mailer.send({ to: 'ada@example.org', subject: 'Grüße', text: '.\n.x\nend' }), {
    state: 'sent',
  });
  t.match(received, [{ to: ['ada@example.org'], text: /^\.\n\.x\nend/ }]);
});

t.test(
  'to another machine nothing goes without encryption; user and password go to the server',
  async (t) => {
    const { url, received } = await startMailServer(t);
    const message = { to: 'ada@example.org', subject: 's', text: 't' };
    const elsewhere = createSmtpMailer({
      url: url.replace('127.0.0.1', '0.0.0.0'),
      from: 'a@example.org',
    });
    t.match(await elsewhere.send(message), { state: 'failed', problem: '502' });
    t.equal(received.length, 0);
    const known = createSmtpMailer({ url: url.replace('//', '//ada:p%40ss@'), from: 'a@example.org' });
    t.same(await known.send(message), { state: 'sent' });
    t.equal(received[0].login, 'ada:p@ss');
  },
);
