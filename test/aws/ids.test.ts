/** Names and randomness. */
import t from 'tap';
import { decodeTime } from 'ulid';
import { createIds } from '../../src/aws/ids.ts';
import { ulid } from '../../src/schemas/ids.ts';
import { SAMPLE_TIME } from '../helpers/samples.ts';

t.test('ids are ULIDs of the injected time, and grow even within a millisecond', async (t) => {
  let now = SAMPLE_TIME;
  const ids = createIds(() => now);
  const made = Array.from({ length: 1_000 }, () => ids.next());
  now += 1;
  made.push(ids.next());
  t.ok(made.every((id) => ulid.safeParse(id).success));
  t.same([...made].sort(), made);
  t.equal(new Set(made).size, made.length);
  t.equal(decodeTime(made[0]), SAMPLE_TIME);
});

t.test('secrets have the asked number of random bytes', async (t) => {
  const ids = createIds(() => SAMPLE_TIME);
  for (const bytes of [16, 24, 32]) t.equal(Buffer.from(ids.secret(bytes), 'base64url').length, bytes);
  t.not(ids.secret(32), ids.secret(32));
  t.match(ids.secret(32), /^[\w-]{43}$/);
});

t.test('random numbers lie in [0, 1)', async (t) => {
  const ids = createIds(() => SAMPLE_TIME);
  const drawn = Array.from({ length: 2_000 }, () => ids.random());
  t.ok(drawn.every((x) => x >= 0 && x < 1));
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  t.ok(Math.abs(mean - 0.5) < 0.05, `mean ${mean}`);
});
