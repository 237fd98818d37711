/** The parts of the embedded S3 that have closed forms or an order to keep. */
import { createHash } from 'node:crypto';
import { crc32 as nodeCrc32 } from 'node:zlib';
import t from 'tap';
import { compositeChecksum, crc32c, createHasher, isChecksum } from '../../infra/local/s3/checksums.ts';
import { objectKey, parseUploadKey, uploadKey } from '../../infra/local/s3/keys.ts';
import { readPage, startOfToken } from '../../infra/local/s3/list.ts';
import { createLocks } from '../../infra/local/s3/locks.ts';
import { type Meta, openMeta } from '../../infra/local/s3/meta.ts';
import { parseRange } from '../../infra/local/s3/range.ts';
import { buildXml, parseXml, text } from '../../infra/local/s3/xml.ts';
import { fc } from '../helpers/fast-check.ts';

t.test('CRC-32C agrees with RFC 3720 and with itself in pieces', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa); // appendix B.4, read most significant byte first
  t.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  t.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i))), 0x46dd794e);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
      return crc32c(b, crc32c(a)) === crc32c(Buffer.concat([a, b]));
    }),
  );
});

t.test('checksums are base64 of big-endian values', async (t) => {
  for (const algorithm of ['crc32', 'crc32c', 'sha1', 'sha256'] as const) {
    const hasher = createHasher(algorithm);
    hasher.update(Buffer.from('12345'));
    hasher.update(Buffer.from('6789'));
    const value = hasher.digest();
    t.ok(isChecksum(algorithm, value));
    t.notOk(isChecksum(algorithm, `${value}=`));
    if (algorithm === 'crc32') t.equal(Buffer.from(value, 'base64').readUInt32BE(), nodeCrc32('123456789'));
  }
  const parts = ['a', 'b'].map((part) => createHash('sha1').update(part).digest());
  const whole = createHash('sha1').update(Buffer.concat(parts)).digest('base64');
  t.equal(
    compositeChecksum(
      'sha1',
      parts.map((part) => part.toString('base64')),
    ),
    `${whole}-2`,
  );
});

t.test('a range names the bytes that a slice would', async (t) => {
  const ranges = fc.record({
    size: fc.integer({ min: 1, max: 50 }),
    from: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    to: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(ranges, ({ size, from, to }) => {
      const bytes = Array.from({ length: size }, (_, i) => i);
      const header = `bytes=${from ?? ''}-${to ?? ''}`;
      const nothing = from === undefined && to === undefined;
      if (nothing || (from !== undefined && to !== undefined && to < from)) {
        return parseRange(header, size) === undefined;
      }
      const wanted =
        from === undefined
          ? to
            ? bytes.slice(-to)
            : []
          : bytes.slice(from, to === undefined ? size : to + 1);
      try {
        const range = parseRange(header, size)!;
        return range.first === wanted[0] && range.last === wanted.at(-1);
      } catch {
        return wanted.length === 0;
      }
    }),
  );
  t.pass('for all small ranges');
});

const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

t.test('stored keys keep the order of keys, uploads too', async (t) => {
  const scope = '1:bucket';
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      const order = Math.sign(compare(a, b));
      const objects = Buffer.compare(objectKey({ scope, key: a }), objectKey({ scope, key: b }));
      const uploads = Buffer.compare(uploadKey({ scope, key: a }, '0'), uploadKey({ scope, key: b }, '0'));
      return objects === order && uploads === order;
    }),
  );
  fc.assert(
    fc.property(keys, (key) => {
      const parsed = parseUploadKey(scope, uploadKey({ scope, key }, 'id'));
      return parsed.key === key && parsed.uploadId === 'id';
    }),
  );
  t.pass('for arbitrary keys');
});

t.test('any text survives XML', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (value) => {
      const document = buildXml('Root', { Key: value });
      return (text(parseXml(document, 'Root'), 'Key') ?? '') === value;
    }),
    { numRuns: 1000, examples: [['  '], ['\r\n'], ['\u0000'], [']]>'], ['&amp;'], ['&#65;']] },
  );
  t.pass('for arbitrary text');
});

/** A store that counts the steps of its cursors. */
function counting(meta: Meta): Meta & { steps: number } {
  const counted = {
    ...meta,
    steps: 0,
    cursor<T>(range: Parameters<Meta['cursor']>[0]) {
      const cursor = meta.cursor<T>(range);
      return {
        ...cursor,
        next: () => {
          counted.steps++;
          return cursor.next();
        },
      };
    },
  };
  return counted;
}

t.test('a delimiter jumps over what it rolls up', async (t) => {
  const meta = counting(await openMeta(t.testdir()));
  t.teardown(() => meta.close());
  const scope = '1:bucket';
  const names = Array.from({ length: 5000 }, (_, i) => `job-${i % 5}/slice-${i}`);
  await meta.write([...names, 'readme'].map((key) => ({ put: objectKey({ scope, key }), value: {} })));
  const page = await readPage(meta, { scope, prefix: '', delimiter: '/', size: 1000 });
  t.same(page.prefixes, ['job-0/', 'job-1/', 'job-2/', 'job-3/', 'job-4/']);
  t.same(
    page.contents.map(({ key }) => key),
    ['readme'],
  );
  t.equal(meta.steps, 7, 'one step for each entry and one to see the end');
});

t.test('listing by pages gives what listing at once gives', async (t) => {
  const meta = await openMeta(t.testdir());
  t.teardown(() => meta.close());
  let number = 0;
  const scenario = fc.record({
    all: fc.uniqueArray(fc.stringMatching(/^[ab/\uffff😀]{1,5}$/u), { maxLength: 30 }),
    prefix: fc.stringMatching(/^[ab/]{0,2}$/),
    delimiter: fc.constantFrom('', '/', 'b'),
    size: fc.integer({ min: 1, max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ all, prefix, delimiter, size }) => {
      const scope = `1:bucket-${number++}`;
      await meta.write(all.map((key) => ({ put: objectKey({ scope, key }), value: {} })));
      const expected = new Set<string>();
      for (const key of [...all].filter((name) => name.startsWith(prefix)).sort(compare)) {
        const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
        expected.add(at < 0 ? key : `${key.slice(0, at)}${delimiter}…`);
      }
      const found: string[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const start = token === '' ? undefined : startOfToken(scope, token);
        const page = await readPage(meta, { scope, prefix, delimiter, start, size });
        const entries = [...page.contents.map(({ key }) => key), ...page.prefixes.map((name) => `${name}…`)];
        if (entries.length > size || (page.next !== undefined && entries.length < size)) return false;
        found.push(...entries.sort((a, b) => compare(a.replace('…', ''), b.replace('…', ''))));
        token = page.next;
      }
      return JSON.stringify(found) === JSON.stringify([...expected]);
    }),
    { numRuns: 100 },
  );
  t.pass('for arbitrary buckets');
});

t.test('locks: one alone or many together, in the order of asking', async (t) => {
  const locks = createLocks();
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`${name} ends`);
  };
  await Promise.all([
    locks.shared('x', work('a')),
    locks.shared('x', work('b')),
    locks.exclusive('x', work('c')),
    locks.shared('x', work('d')),
  ]);
  t.same(log, ['a begins', 'b begins', 'a ends', 'b ends', 'c begins', 'c ends', 'd begins', 'd ends']);
  await t.rejects(
    locks.exclusive('x', async () => {
      throw new Error('failed');
    }),
    /failed/,
  );
  t.equal(await locks.exclusive('x', async () => 'free again'), 'free again');
  const both = (names: string[]) => locks.exclusiveAll(names, async () => names.length);
  t.same(await Promise.all([both(['p', 'q']), both(['q', 'p']), both(['q', 'q'])]), [2, 2, 2]);
});
