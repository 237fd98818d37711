/** Numbers are exact, and the keys of the store sort as the values do. */

import t from 'tap';
import { itemKey } from '../../infra/local/dynamodb/keys.ts';
import { add, compareNumbers, subtract } from '../../infra/local/dynamodb/numbers.ts';
import type { Keyed } from '../../infra/local/dynamodb/table.ts';
import { fc } from '../helpers/fast-check.ts';

/** `units * 10 ** -scale` in canonical form. */
function decimal(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : digits.slice(-scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction && `.${fraction}`}`;
}

const UNITS = 10n ** 17n;
const units = fc.oneof(fc.bigInt({ min: -UNITS, max: UNITS }), fc.bigInt({ min: -20n, max: 20n }));
const scale = fc.integer({ min: 0, max: 15 });

t.test('sums and differences are those of rational numbers', async () => {
  fc.assert(
    fc.property(units, units, scale, (a, b, at) => {
      const [x, y] = [decimal(a, at), decimal(b, at)];
      if (add(x, y) !== decimal(a + b, at) || subtract(x, y) !== decimal(a - b, at))
        throw new Error(`${x} ${y}`);
    }),
    { numRuns: 5_000, seed: 1 },
  );
});

t.test('known sums', async (t) => {
  t.equal(add('0.1', '0.2'), '0.3');
  t.equal(add('9007199254740993', '1'), '9007199254740994');
  t.equal(subtract('1', '1'), '0');
  t.equal(subtract('-0.5', '-0.5'), '0');
  t.equal(subtract('999999999999999', '-1'), '1000000000000000');
  t.equal(add('1'.padEnd(126, '0'), '0'), '1'.padEnd(126, '0'));
  t.throws(() => add('1'.padEnd(40, '0'), '1'), { code: 'ValidationException' }, 'more than 38 digits');
  t.throws(() => add('9'.padEnd(126, '0'), '9'.padEnd(126, '0')), { code: 'ValidationException' });
});

t.test('numbers of any scale sort by value, in comparisons and in keys', async () => {
  const keyed: Keyed = { id: 's', hash: { name: 'h', type: 'S' }, range: { name: 'r', type: 'N' } };
  const key = (N: string) => Buffer.from(itemKey(keyed, { h: { S: 'x' }, r: { N } }));
  fc.assert(
    fc.property(units, scale, units, scale, (a, scaleA, b, scaleB) => {
      const [x, y] = [decimal(a, scaleA), decimal(b, scaleB)];
      const left = a * 10n ** BigInt(scaleB);
      const right = b * 10n ** BigInt(scaleA);
      const expected = left < right ? -1 : left > right ? 1 : 0;
      const compared = Math.sign(compareNumbers(x, y));
      const sorted = key(x).compare(key(y));
      if (compared !== expected || sorted !== expected) throw new Error(`${x} ${y} ${compared} ${sorted}`);
    }),
    { numRuns: 5_000, seed: 2 },
  );
});

t.test('texts and bytes sort by their bytes; a key never runs into the next', async () => {
  const character = fc.constantFrom(
    '\u0000',
    '\u0001',
    '\u0002',
    'a',
    'b',
    'é',
    '\ufffd',
    '\u{10fffd}',
    '\u{10fffe}',
    '\u{10ffff}',
  );
  const text = fc.array(character, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
  const texts: Keyed = { id: 's', hash: { name: 'h', type: 'S' }, range: { name: 'r', type: 'S' } };
  const blobs: Keyed = { id: 's', hash: { name: 'h', type: 'S' }, range: { name: 'r', type: 'B' } };
  const h = { S: 'x' };
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Buffer.from(a).compare(Buffer.from(b));
      const asTexts = [a, b].map((S) => Buffer.from(itemKey(texts, { h, r: { S } })));
      const asBlobs = [a, b].map((text) => {
        const B = Buffer.from(text).toString('base64');
        return Buffer.from(itemKey(blobs, { h, r: { B } }));
      });
      for (const [x, y] of [asTexts, asBlobs]) {
        if (x.compare(y) !== expected) throw new Error(JSON.stringify([a, b]));
      }
      // As partition keys they are apart unless equal.
      const hashes = [a, b].map((S) => itemKey(texts, { h: { S }, r: { S: 'r' } }));
      if ((hashes[0] === hashes[1]) !== (a === b)) throw new Error(JSON.stringify([a, b]));
    }),
    { numRuns: 5_000, seed: 3 },
  );
});
