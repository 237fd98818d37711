import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { failure } from './s3-env.ts';
import type { Contract } from './s3-suite.ts';

const md5 = (data: Buffer | string, encoding: 'hex' | 'base64' = 'hex') =>
  createHash('md5').update(data).digest(encoding);

/** 300,000 bytes that differ from each other. */
const DATA = Buffer.from(Uint32Array.from({ length: 75_000 }, (_, i) => Math.imul(i, 2_654_435_761)).buffer);

/** Checksums of `123456789`: the check values of the CRC catalogue, and digests known to any tool. */
const CHECK_VALUES: Record<string, string> = {
  CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
  CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
  SHA1: createHash('sha1').update('123456789').digest('base64'),
  SHA256: createHash('sha256').update('123456789').digest('base64'),
};

const FAILED = { name: 'PreconditionFailed', status: 412 };

export const objectContract: Contract = {
  async 'an object comes back as it was stored, headers included'(t, { s3, plain, bucket }) {
    const Bucket = await bucket();
    const stored = {
      ContentType: 'application/x-raw',
      ContentDisposition: 'attachment; filename="scan.dat"',
      CacheControl: 'no-store',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { unit: 'u-1', note: 'a b;c' },
    };
    for (const client of [s3, plain]) {
      const put = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: DATA, ...stored }));
      t.equal(put.ETag, `"${md5(DATA)}"`);
      const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
      t.match(got, { ...stored, ETag: put.ETag, ContentLength: DATA.length, AcceptRanges: 'bytes' });
      t.ok(DATA.equals(await got.Body!.transformToByteArray()));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
      t.match(head, { ...stored, ETag: put.ETag, ContentLength: DATA.length });
      t.ok(Math.abs(head.LastModified!.getTime() - Date.now()) < 60_000);
    }
  },

  async 'a stream of known length is stored without its transfer coding'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const pieces = [DATA.subarray(0, 70_000), DATA.subarray(70_000)];
    const Body = Readable.from(pieces, { objectMode: false });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: DATA.length }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    t.ok(DATA.equals(await got.Body!.transformToByteArray()));
    t.equal(got.ContentEncoding || undefined, undefined);
    t.equal(got.ContentType, 'application/octet-stream');
  },

  async 'an empty object is an object'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'empty', Body: '' }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'empty' }));
    t.equal(got.ContentLength, 0);
    t.equal(await got.Body!.transformToString(), '');
    t.equal(got.ETag, '"d41d8cd98f00b204e9800998ecf8427e"');
  },

  async 'each checksum is verified, kept and returned'(t, { s3, bucket }) {
    const Bucket = await bucket();
    for (const [algorithm, value] of Object.entries(CHECK_VALUES)) {
      const member = `Checksum${algorithm}`;
      const input = { Bucket, Key: algorithm, Body: '123456789' };
      const computed = await s3.send(
        new PutObjectCommand({ ...input, ChecksumAlgorithm: algorithm as ChecksumAlgorithm }),
      );
      t.match(computed, { [member]: value }, `${algorithm} computed by the SDK`);
      await s3.send(new PutObjectCommand({ ...input, [member]: value }));
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: algorithm, ChecksumMode: 'ENABLED' }));
      t.match(head, { [member]: value });
      const wrong = Buffer.from(value, 'base64');
      wrong[0] ^= 1;
      const refused = s3.send(
        new PutObjectCommand({ ...input, Key: 'x', [member]: wrong.toString('base64') }),
      );
      t.same(await failure(refused), { name: 'BadDigest', status: 400 }, `${algorithm} wrong`);
    }
    t.equal((await failure(s3.send(new GetObjectCommand({ Bucket, Key: 'x' })))).name, 'NoSuchKey');
  },

  async 'Content-MD5 is verified'(t, { plain, bucket }) {
    const Bucket = await bucket();
    const put = (ContentMD5: string) =>
      plain.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', ContentMD5 }));
    t.same(await failure(put(md5('abd', 'base64'))), { name: 'BadDigest', status: 400 });
    t.same(await failure(put('nonsense')), { name: 'InvalidDigest', status: 400 });
    t.equal((await put(md5('abc', 'base64'))).ETag, `"${md5('abc')}"`);
  },

  async 'writes are conditional on what is there'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const put = (Body: string, condition: object) =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, ...condition }));
    t.equal((await failure(put('0', { IfMatch: md5('x') }))).status, 404);
    await put('1', { IfNoneMatch: '*' });
    t.same(await failure(put('2', { IfNoneMatch: '*' })), FAILED);
    t.same(await failure(put('2', { IfMatch: md5('2') })), FAILED);
    await put('2', { IfMatch: `"${md5('1')}"` });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    t.equal(await got.Body!.transformToString(), '2');
    const winners = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        s3.send(new PutObjectCommand({ Bucket, Key: 'race', Body: `${i}`, IfNoneMatch: '*' })).then(
          () => 1,
          () => 0,
        ),
      ),
    );
    t.equal(
      winners.reduce<number>((sum, won) => sum + won, 0),
      1,
      'one of many wins',
    );
  },

  async 'ranges of an object'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '0123456789' }));
    const get = async (Range: string) => {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
      return [got.$metadata.httpStatusCode, await got.Body!.transformToString(), got.ContentRange];
    };
    t.same(await get('bytes=2-4'), [206, '234', 'bytes 2-4/10']);
    t.same(await get('bytes=7-'), [206, '789', 'bytes 7-9/10']);
    t.same(await get('bytes=-3'), [206, '789', 'bytes 7-9/10']);
    t.same(await get('bytes=8-99'), [206, '89', 'bytes 8-9/10']);
    t.same(await get('bytes=-99'), [206, '0123456789', 'bytes 0-9/10']);
    t.same(await failure(get('bytes=10-')), { name: 'InvalidRange', status: 416 });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', Range: 'bytes=2-4' }));
    t.equal(head.ContentLength, 3);
  },

  async 'what does not look like one range of bytes is ignored'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '0123456789' }));
    for (const Range of ['lines=1-2', 'bytes=4-2', 'bytes=0-1,4-5', 'bytes=-']) {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
      t.same([got.$metadata.httpStatusCode, await got.Body!.transformToString()], [200, '0123456789'], Range);
    }
  },

  async 'reads are conditional on version and time'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    const get = async (conditions: object) => {
      const { status } = await failure(s3.send(new GetObjectCommand({ Bucket, Key: 'k', ...conditions })));
      return status;
    };
    const past = new Date(Date.now() - 3_600_000);
    const future = new Date(Date.now() + 3_600_000);
    t.equal(await get({ IfMatch: ETag }), 200);
    t.equal(await get({ IfMatch: '"other"' }), 412);
    t.equal(await get({ IfNoneMatch: ETag }), 304);
    t.equal(await get({ IfNoneMatch: '"other"' }), 200);
    t.equal(await get({ IfModifiedSince: past }), 200);
    t.equal(await get({ IfModifiedSince: future }), 304);
    t.equal(await get({ IfUnmodifiedSince: past }), 412);
    t.equal(await get({ IfMatch: ETag, IfUnmodifiedSince: past }), 200);
    t.equal(await get({ IfNoneMatch: '"other"', IfModifiedSince: future }), 200);
  },

  async 'HEAD of nothing has a status and no body'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const missing = await failure(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' })));
    t.same(missing, { name: 'NotFound', status: 404 });
  },

  async 'deleting, one by one and many at once'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const keys = ['a', 'b/ä&<', 'c d'];
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    t.equal((await failure(s3.send(new DeleteObjectCommand({ Bucket, Key: 'never' })))).status, 200);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    const Objects = [...keys, 'never'].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    t.same(Deleted?.map(({ Key }) => Key).sort(), [...keys, 'never'].sort());
    t.notOk(Errors?.length);
    for (const Key of keys) {
      t.equal((await failure(s3.send(new HeadObjectCommand({ Bucket, Key })))).status, 404, Key);
    }
  },

  async 'a deletion of many may be quiet, but not empty'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const Objects = [{ Key: 'a' }, { Key: 'b' }];
    const quiet = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    t.notOk(quiet.Deleted?.length);
    const empty = await failure(s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [] } })));
    t.same(empty, { name: 'MalformedXML', status: 400 });
  },

  async 'copies take contents along, and headers as asked'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const Target = await bucket();
    const Key = 'from/ä +%20';
    const CopySource = encodeURIComponent(`${Bucket}/${Key}`);
    await s3.send(
      new PutObjectCommand({ Bucket, Key, Body: DATA, ContentType: 'a/b', Metadata: { who: 'me' } }),
    );
    const { CopyObjectResult } = await s3.send(
      new CopyObjectCommand({ Bucket: Target, Key: 'to', CopySource }),
    );
    t.equal(CopyObjectResult?.ETag, `"${md5(DATA)}"`);
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    const got = await s3.send(new GetObjectCommand({ Bucket: Target, Key: 'to' }));
    t.match(got, { ContentType: 'a/b', Metadata: { who: 'me' } });
    t.ok(DATA.equals(await got.Body!.transformToByteArray()));
    const itself = { Bucket: Target, Key: 'to', CopySource: `/${Target}/to` };
    t.same(await failure(s3.send(new CopyObjectCommand(itself))), { name: 'InvalidRequest', status: 400 });
    const replaced = { MetadataDirective: 'REPLACE', ContentType: 'c/d', Metadata: { new: '1' } } as const;
    await s3.send(new CopyObjectCommand({ ...itself, ...replaced }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: Target, Key: 'to' }));
    t.match(head, { ContentType: 'c/d', Metadata: { new: '1' }, ContentLength: DATA.length });
    t.notOk(head.Metadata?.['who']);
    t.same(await failure(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource }))), {
      name: 'NoSuchKey',
      status: 404,
    });
  },

  async 'copies are conditional on their source'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'abc' }));
    const copy = (conditions: object) =>
      s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a`, ...conditions }));
    t.same(await failure(copy({ CopySourceIfMatch: '"other"' })), FAILED);
    t.same(await failure(copy({ CopySourceIfNoneMatch: ETag })), FAILED);
    t.equal((await copy({ CopySourceIfMatch: ETag })).CopyObjectResult?.ETag, ETag);
  },

  async 'user metadata ends at 2 KiB, keys at 1024 bytes'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const Metadata = { note: 'x'.repeat(2048) };
    t.same(await failure(s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '', Metadata }))), {
      name: 'MetadataTooLarge',
      status: 400,
    });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'ä'.repeat(512), Body: 'long' }));
    const tooLong = failure(s3.send(new PutObjectCommand({ Bucket, Key: `${'ä'.repeat(512)}a`, Body: '' })));
    t.same(await tooLong, { name: 'KeyTooLongError', status: 400 });
  },
};
