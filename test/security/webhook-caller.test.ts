/** Calls to addresses that users chose: what is refused, and what reaches the other side. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { isPublicAddress } from '../../src/security/public-addresses.ts';
import { createWebhookCaller } from '../../src/security/webhook-caller.ts';
import { startReceiver } from '../helpers/receiver.ts';

/** Addresses that must never be called, each by what it would reach. */
const HOSTILE = {
  'http://hooks.example.org/': 'no TLS',
  'ftp://hooks.example.org/': 'another protocol',
  'file:///etc/passwd': 'a file',
  'gopher://hooks.example.org:70/_x': 'another protocol',
  'data:text/plain,x': 'no host',
  'javascript:alert(1)': 'no host',
  'https://': 'no host',
  'not a url': 'no address',
  '//hooks.example.org/': 'no protocol',
  'https://127.0.0.1/': 'loopback',
  'https://127.1/': 'loopback, short',
  'https://2130706433/': 'loopback as one number',
  'https://0x7f000001/': 'loopback in hexadecimal',
  'https://0177.0.0.1/': 'loopback in octal',
  'https://127.0.0.1./': 'loopback with a dot',
  'https://1２7.0.0.1/': 'loopback in full-width digits',
  'https://0/': 'this host',
  'https://0.0.0.0/': 'this host',
  'https://[::1]/': 'loopback, IPv6',
  'https://[::]/': 'this host, IPv6',
  'https://[::ffff:127.0.0.1]/': 'loopback, mapped',
  'https://[::ffff:a9fe:a9fe]/': 'metadata, mapped',
  'https://[64:ff9b::a9fe:a9fe]/': 'metadata, NAT64',
  'https://[fd00:ec2::254]/': 'metadata of AWS, IPv6',
  'https://[fe80::1]/': 'link-local',
  'https://169.254.169.254/latest/meta-data/': 'metadata',
  'https://169.254.170.2/v2/credentials': 'credentials of a container',
  'https://10.0.0.1/': 'private',
  'https://172.16.0.1/': 'private',
  'https://192.168.1.1/': 'private',
  'https://100.100.100.200/': 'metadata of Alibaba',
  'https://93.184.216.34/': 'a number instead of a name',
  'https://localhost/': 'loopback by name',
  'https://LOCALHOST./': 'loopback by name',
  'https://broker.localhost/': 'loopback by name',
  'https://metadata.google.internal/computeMetadata/v1/': 'metadata by name',
  'https://printer.local/': 'the local network',
  'https://intranet/': 'a name without a dot',
  'https://router.home.arpa/': 'the home network',
  'https://user:secret@hooks.example.org/': 'a password',
  'https://hooks.example.org@127.0.0.1/': 'a host that looks like a user',
  'https://hooks.example.org:22/': 'SSH',
  'https://hooks.example.org:25/': 'mail',
  'https://hooks.example.org/#/x': 'a fragment',
  'https://hooks.example.org\\@127.0.0.1/@': 'a backslash',
  [`https://hooks.example.org/${'x'.repeat(2_048)}`]: 'too long',
};

/** Names that look harmless, and where they lead. */
const LEADS = {
  '127.0.0.1': 'loopback',
  '169.254.169.254': 'metadata',
  '168.63.129.16': 'metadata of Azure',
  '192.0.0.192': 'metadata of Oracle',
  '10.1.2.3': 'private',
  '172.31.255.255': 'private',
  '192.168.0.1': 'private',
  '100.64.0.1': 'carrier-grade NAT',
  '0.0.0.0': 'this host',
  '198.18.0.1': 'benchmarks',
  '203.0.113.7': 'documentation',
  '224.0.0.1': 'multicast',
  '255.255.255.255': 'broadcast',
  '::1': 'loopback',
  '::': 'this host',
  '::ffff:10.0.0.1': 'mapped',
  '64:ff9b::a00:1': 'NAT64',
  '2002:a00:1::': '6to4',
  '2001:0:a00:1::': 'Teredo',
  '2001:db8::1': 'documentation',
  'fc00::1': 'unique local',
  'fd00:ec2::254': 'metadata of AWS',
  'fe80::1': 'link-local',
  'ff02::1': 'multicast',
};

t.test('T7: hostile addresses are refused before anything is asked of the network', async (t) => {
  let asked = 0;
  const caller = createWebhookCaller({
    resolve: async () => {
      asked++;
      return [{ address: '93.184.216.34', family: 4 }];
    },
  });
  t.ok(Object.keys(HOSTILE).length >= 40, `${Object.keys(HOSTILE).length} of them`);
  for (const [url, what] of Object.entries(HOSTILE)) {
    t.type(await caller.refusal(url), 'string', `${what}: ${url.slice(0, 60)}`);
    t.same(await caller.post(url, {}, '{}'), { problem: 'address_refused' }, what);
  }
  t.equal(asked, 0);
  for (const url of [
    'https://hooks.example.org/',
    'https://hooks.example.org:8443/x?y=1',
    'https://bücher.example/',
  ]) {
    t.equal(await caller.refusal(url), undefined, url);
  }
});

t.test('T7: a harmless name that leads to a private address is refused, alone or among others', async (t) => {
  for (const [address, what] of Object.entries(LEADS)) {
    t.equal(isPublicAddress(address), false, `${what}: ${address}`);
    for (const addresses of [[address], ['93.184.216.34', address]]) {
      const resolve = async () =>
        addresses.map((each) => ({ address: each, family: each.includes(':') ? 6 : 4 }));
      const caller = createWebhookCaller({ resolve });
      const refusal = await caller.refusal('https://hooks.example.org/');
      t.equal(refusal, 'must be the name of a host on the public internet', what);
      t.same(await caller.post('https://hooks.example.org/', {}, ''), { problem: 'address_refused' }, what);
    }
  }
  for (const address of ['93.184.216.34', '1.1.1.1', '2606:4700::1111', '2a00:1450::1']) {
    t.equal(isPublicAddress(address), true, address);
  }
  for (const nonsense of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '2606:4700::1111%eth0']) {
    t.equal(isPublicAddress(nonsense), false, nonsense);
  }
  const nowhere = createWebhookCaller({ resolve: async () => [] });
  const unknown = createWebhookCaller({ resolve: async () => Promise.reject(new Error('ENOTFOUND')) });
  for (const caller of [nowhere, unknown]) {
    const words = await caller.refusal('https://hooks.example.org/');
    t.equal(words, 'must be the name of a host on the public internet', 'the same words');
  }
});

t.test('T7: a name that leads elsewhere after the check is not followed there (DNS rebinding)', async (t) => {
  const receiver = await startReceiver(t);
  const inside = createServer((_request, response) => response.end('secret'));
  let reached = 0;
  inside.on('connection', () => reached++);
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.2', resolve));
  t.teardown(() => inside.close());
  const { port } = inside.address() as AddressInfo;

  const caller = createWebhookCaller(receiver.caller);
  const url = receiver.urlOf('rebind');
  t.equal(await caller.refusal(url), undefined, 'harmless when it is registered');
  receiver.leads.push(['127.0.0.2']);
  t.same(await caller.post(url, {}, ''), { problem: 'address_refused' }, 'and checked again at every call');

  receiver.leads.push(['127.0.0.1'], ['127.0.0.2'], ['127.0.0.2']);
  receiver.resolved.length = 0;
  t.same(await caller.post(url, {}, '{}'), { status: 204, retryAfter: undefined });
  t.same(
    receiver.resolved,
    ['rebind.hooks.example.org'],
    'asked once: the address that was checked is the one called',
  );
  t.equal(receiver.received.length, 1);
  t.equal(receiver.received[0].headers['host'], `rebind.hooks.example.org:${receiver.port}`);
  receiver.leads.length = 0;

  receiver.answers.push({ status: 302, headers: { location: `https://127.0.0.2:${port}/` } });
  t.equal((await caller.post(url, {}, '')).status, 302);
  receiver.answers.push({ status: 307, headers: { location: receiver.urlOf('other') } });
  t.equal((await caller.post(url, {}, '')).status, 307);
  t.equal(receiver.received.length, 3, 'redirects are not followed');
  t.equal(reached, 0, 'what is inside was never reached');
});

t.test('certificates count, time is limited, and long answers are not read', async (t) => {
  const receiver = await startReceiver(t);
  const trusting = createWebhookCaller(receiver.caller);
  const usual = createWebhookCaller({ ...receiver.caller, ca: undefined });
  t.same(await usual.post(receiver.urlOf(''), {}, ''), { problem: 'tls' }, 'a certificate that nobody knows');
  const other = `https://elsewhere.example.org:${receiver.port}/`;
  t.same(await trusting.post(other, {}, ''), { problem: 'tls' }, 'a certificate of another name');
  t.equal(receiver.received.length, 0, 'nothing was said before');

  const impatient = createWebhookCaller({ ...receiver.caller, timeoutMs: 300 });
  receiver.answers.push({ status: 200, hang: true });
  t.same(await impatient.post(receiver.urlOf(''), {}, ''), { problem: 'timeout' });
  const stuck = createWebhookCaller({ resolve: () => new Promise(() => {}), timeoutMs: 50 });
  const keepAlive = setTimeout(() => {}, 5_000);
  t.same(await stuck.post('https://hooks.example.org/', {}, ''), { problem: 'timeout' });
  clearTimeout(keepAlive);

  receiver.answers.push({ status: 200, body: 'x'.repeat(10_000_000) });
  t.equal((await trusting.post(receiver.urlOf(''), {}, '')).status, 200);
  receiver.answers.push({ status: 503, headers: { 'retry-after': '120' } });
  t.same(await trusting.post(receiver.urlOf(''), {}, ''), { status: 503, retryAfter: 120 });
  receiver.answers.push({ status: 503, headers: { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' } });
  t.same(await trusting.post(receiver.urlOf(''), {}, ''), { status: 503, retryAfter: undefined });
  receiver.answers.push({ status: 200, headers: { 'x-long': 'x'.repeat(20_000) } });
  t.same(await trusting.post(receiver.urlOf(''), {}, ''), { problem: 'connection' }, 'headers without end');
  const closed = createWebhookCaller({ ...receiver.caller });
  t.same(await closed.post('https://hooks.example.org:1025/', {}, ''), { problem: 'connection' });
});
