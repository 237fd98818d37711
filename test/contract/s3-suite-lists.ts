import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { failure } from './s3-env.ts';
import type { Contract } from './s3-suite.ts';

/** Keys that break naive servers: dots, slashes, escapes, markup, line ends, all planes of Unicode. */
const ODD_KEYS = [
  '../../etc/passwd',
  './a',
  'a/./b',
  'a/../b',
  '/leading',
  'a//b',
  'trailing/',
  'a b+c%20d%2Fe',
  '?x=y&z',
  '#frag',
  '<tag attr="1">&amp;\'</tag>',
  'line\nfeed',
  'return\rhere',
  'ümläut-é',
  'e\u0301',
  '漢字',
  '😀',
  '\uffff',
  '*!()~$@:;,=',
  'back\\slash',
];

async function listAll(s3: S3Client, input: ListObjectsV2CommandInput) {
  const keys: string[] = [];
  const prefixes: string[] = [];
  const sizes: number[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ ...input, ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
    sizes.push(page.KeyCount!);
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken);
  return { keys, prefixes, sizes };
}

async function fill(s3: S3Client, Bucket: string, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
}

export const listContract: Contract = {
  async 'listings go by prefix, delimiter and page'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'c-d', 'c/4', 'd'];
    await fill(s3, Bucket, keys);
    t.same((await listAll(s3, { Bucket })).keys, keys);
    t.same((await listAll(s3, { Bucket, Prefix: 'b/' })).keys, ['b/1', 'b/2', 'b/c/3']);
    t.same((await listAll(s3, { Bucket, Prefix: 'none' })).keys, []);
    for (const MaxKeys of [1, 2, 3, 1000]) {
      const flat = await listAll(s3, { Bucket, MaxKeys });
      t.same(flat.keys, keys, `pages of ${MaxKeys}`);
      const rolled = await listAll(s3, { Bucket, MaxKeys, Delimiter: '/' });
      t.same(rolled.keys, ['a', 'c-d', 'd']);
      t.same(rolled.prefixes, ['b/', 'c/']);
      t.ok(rolled.sizes.every((size) => size <= MaxKeys));
      const inner = await listAll(s3, { Bucket, MaxKeys, Delimiter: '/', Prefix: 'b/' });
      t.same([inner.keys, inner.prefixes], [['b/1', 'b/2'], ['b/c/']]);
    }
  },

  async 'a listing may start after a key'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await fill(s3, Bucket, ['a', 'b', 'b/1', 'b/2', 'c']);
    t.same((await listAll(s3, { Bucket, StartAfter: 'b' })).keys, ['b/1', 'b/2', 'c']);
    t.same((await listAll(s3, { Bucket, StartAfter: 'bb' })).keys, ['c']);
    const page = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: 'b', MaxKeys: 1 }));
    t.match(page, { StartAfter: 'b', MaxKeys: 1, KeyCount: 1, IsTruncated: true, Name: Bucket });
  },

  async 'a listing tells size, version and time of each object'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    t.match(Contents, [{ Key: 'k', Size: 3, ETag, StorageClass: 'STANDARD' }]);
    t.ok(Contents![0].LastModified instanceof Date);
    const owned = await s3.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }));
    t.ok(owned.Contents![0].Owner?.ID);
  },

  async 'page sizes and tokens that make no sense are refused'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const list = (input: object) => failure(s3.send(new ListObjectsV2Command({ Bucket, ...input })));
    const refused = { name: 'InvalidArgument', status: 400 };
    t.same(await list({ MaxKeys: -1 }), refused);
    t.same(await list({ ContinuationToken: 'bogus!' }), refused);
    const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
    t.match(none, { KeyCount: 0, IsTruncated: false });
  },

  async 'any character may stand in a key'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await fill(s3, Bucket, ODD_KEYS);
    for (const Key of ODD_KEYS) {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
      t.equal(await got.Body!.transformToString(), Key);
      t.equal((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength, Buffer.byteLength(Key));
    }
    const ordered = [...ODD_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    t.same((await listAll(s3, { Bucket })).keys, ordered, 'in the order of UTF-8 bytes');
    t.same((await listAll(s3, { Bucket, MaxKeys: 3 })).keys, ordered, 'page by page');
    const encoded = (await listAll(s3, { Bucket, EncodingType: 'url' })).keys;
    t.same(
      encoded.map((key) => decodeURIComponent(key)),
      ordered,
    );
  },

  async 'control characters survive a listing'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const Key = 'tab\tbell\u0007\u0001del\u007f\u0085';
    await fill(s3, Bucket, [Key]);
    const { keys } = await listAll(s3, { Bucket, EncodingType: 'url' });
    t.same(
      keys.map((key) => decodeURIComponent(key)),
      [Key],
    );
    t.same((await listAll(s3, { Bucket })).keys, [Key]);
  },
};
