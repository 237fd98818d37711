/** Cursors: opaque, authenticated, and good for one list only. */
import t from 'tap';
import { createCursors } from '../../src/aws/table/cursor.ts';

const KEY = { pk: 'JOB#1', sk: 'JOB', gsi1pk: 'OWNER#a#JOB', gsi1sk: '000000000000001#1' };
const LIST = 'gsi1\nOWNER#a#JOB';

t.test('a cursor comes back as the key it was made of', async (t) => {
  const cursors = createCursors('secret');
  const cursor = cursors.seal(LIST, KEY);
  t.match(cursor, /^[\w-]+$/);
  t.same(cursors.open(LIST, cursor), KEY);
  t.same(createCursors('secret').open(LIST, cursor), KEY, 'in any process with the same secret');
});

t.test('whatever was not made for this list is refused as invalid_request', async (t) => {
  const cursors = createCursors('secret');
  const good = cursors.seal(LIST, KEY);
  const bytes = Buffer.from(good, 'base64url');
  const flipped = Buffer.from(bytes);
  flipped[20] ^= 1;
  const forged = Buffer.concat([
    bytes.subarray(0, 16),
    Buffer.from(JSON.stringify({ ...KEY, gsi1pk: 'OWNER#b#JOB' })),
  ]);
  const bad: Record<string, string> = {
    empty: '',
    'not base64url': '***',
    'too short': bytes.subarray(0, 16).toString('base64url'),
    'without a MAC': Buffer.from(JSON.stringify(KEY)).toString('base64url'),
    'a changed byte': flipped.toString('base64url'),
    'a key of another owner under an old MAC': forged.toString('base64url'),
    'made with another secret': createCursors('other').seal(LIST, KEY),
    'made for another list': cursors.seal('gsi1\nOWNER#b#JOB', KEY),
    'made for another index': cursors.seal('table\nOWNER#a#JOB', KEY),
    huge: 'A'.repeat(1_000_000),
  };
  for (const [name, cursor] of Object.entries(bad)) {
    t.throws(() => cursors.open(LIST, cursor), { code: 'invalid_request', status: 400 }, name);
  }
});
