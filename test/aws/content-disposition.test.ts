/** File names in presigned downloads: RFC 6266, and nothing that breaks out of the header. */
import t from 'tap';
import { attachment } from '../../src/aws/accounts/content-disposition.ts';

t.test('a plain name is only quoted', async (t) => {
  t.equal(attachment('brain 1.zip'), 'attachment; filename="brain 1.zip"');
});

t.test('a name beyond ASCII comes in both forms', async (t) => {
  t.equal(
    attachment('Schädel (groß) 脳.zip'),
    'attachment; filename="Sch_del (gro_) _.zip"; ' +
      "filename*=UTF-8''Sch%C3%A4del%20%28gro%C3%9F%29%20%E8%84%B3.zip",
  );
});

t.test('T15: hostile names stay names', async (t) => {
  t.equal(attachment('a\r\nSet-Cookie: x=1\0.zip'), 'attachment; filename="aSet-Cookie: x=1.zip"');
  t.equal(attachment('../../etc/passwd'), 'attachment; filename="_.._etc_passwd"');
  t.equal(attachment('..\\..\\x'), 'attachment; filename="_.._x"');
  t.equal(attachment('\u202egpj.exe'), 'attachment; filename="gpj.exe"', 'no reversed extension');
  t.equal(
    attachment('a"; filename="b.exe'),
    'attachment; filename="a_; filename=_b.exe"; filename*=UTF-8\'\'a%22%3B%20filename%3D%22b.exe',
  );
  t.equal(
    attachment("it's 100%.zip"),
    "attachment; filename=\"it's 100_.zip\"; filename*=UTF-8''it%27s%20100%25.zip",
  );
  t.equal(attachment('\ud800.zip'), 'attachment; filename="_.zip"', 'half a surrogate pair');
  for (const empty of ['', '...', ' . ', '\u0001'])
    t.equal(attachment(empty), 'attachment; filename="download"');
});

t.test('every answer is a short header of visible ASCII', async (t) => {
  for (const name of ['💾'.repeat(5_000), '\u0000\u001f\u007f', '"'.repeat(400), 'é'.repeat(400)]) {
    const header = attachment(name);
    t.match(
      header,
      /^attachment; filename="[\x20\x21\x23-\x7e]{1,150}"(; filename\*=UTF-8''[A-Za-z0-9%._~!$&+^`|-]+)?$/,
    );
    t.ok(header.length < 2_200, `${header.length} characters`);
  }
});
