import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { failure } from './s3-env.ts';
import type { Contract } from './s3-suite.ts';

const MIB = 1024 * 1024;
const BIG = Buffer.alloc(5 * MIB, 'first part ');
const SMALL = Buffer.from('the end');
const WHOLE = Buffer.concat([BIG, SMALL]);

const md5 = (...data: Buffer[]) => {
  const hash = createHash('md5');
  for (const piece of data) hash.update(piece);
  return hash.digest();
};
/** ETag of a multipart object: MD5 of the MD5s, and how many. */
const etagOf = (...parts: Buffer[]) =>
  `"${md5(...parts.map((part) => md5(part))).toString('hex')}-${parts.length}"`;

async function start(s3: S3Client, Bucket: string, Key: string, more: object = {}): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return UploadId!;
}

/** Starts an upload and puts parts; `parts` is what its completion names. */
async function uploadParts(s3: S3Client, Bucket: string, Key: string, bodies: Record<number, Buffer>) {
  const upload = { Bucket, Key, UploadId: await start(s3, Bucket, Key) };
  const parts: { PartNumber: number; ETag: string }[] = [];
  for (const [number, Body] of Object.entries(bodies)) {
    const PartNumber = Number(number);
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    parts.push({ PartNumber, ETag: ETag! });
  }
  const complete = (Parts: object[], more: object = {}) =>
    s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));
  return { upload, parts, complete };
}

export const multipartContract: Contract = {
  async 'parts become an object'(t, { s3, plain, bucket }) {
    const Bucket = await bucket();
    for (const client of [s3, plain]) {
      const Key = 'folder/ä part';
      const UploadId = await start(client, Bucket, Key, { ContentType: 'a/b', Metadata: { who: 'me' } });
      const upload = { Bucket, Key, UploadId };
      const put = (PartNumber: number, Body: Buffer) =>
        client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
      const second = await put(7, SMALL);
      await put(2, SMALL);
      const first = await put(2, BIG); // replaces the part of that number
      t.equal(first.ETag, `"${md5(BIG).toString('hex')}"`);
      const { Parts } = await client.send(new ListPartsCommand(upload));
      t.match(Parts, [
        { PartNumber: 2, Size: BIG.length, ETag: first.ETag },
        { PartNumber: 7, Size: SMALL.length, ETag: second.ETag },
      ]);
      const named = [
        { PartNumber: 2, ETag: first.ETag },
        { PartNumber: 7, ETag: second.ETag },
      ];
      const done = await client.send(
        new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: named } }),
      );
      t.match(done, { Bucket, Key, ETag: etagOf(BIG, SMALL) });
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      t.match(got, { ContentType: 'a/b', Metadata: { who: 'me' }, ETag: done.ETag });
      t.ok(WHOLE.equals(await got.Body!.transformToByteArray()));
      const Range = `bytes=${BIG.length - 2}-${BIG.length + 2}`;
      const across = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
      t.equal(await across.Body!.transformToString(), `${BIG.subarray(-2)}the`);
    }
  },

  async 'an object is not there before its upload is complete'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: SMALL });
    t.equal((await failure(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).status, 404);
    await complete(parts);
    t.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).ContentLength, SMALL.length);
  },

  async 'the copy of a multipart object has the ETag of its content'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: BIG, 2: SMALL });
    await complete(parts);
    const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` }));
    t.equal(copied.CopyObjectResult?.ETag, `"${md5(WHOLE).toString('hex')}"`);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }));
    t.ok(WHOLE.equals(await got.Body!.transformToByteArray()));
  },

  async 'a completion names existing parts of sufficient size in order'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: SMALL, 2: SMALL });
    const [first, second] = parts;
    t.same(await failure(complete([second, first])), { name: 'InvalidPartOrder', status: 400 });
    t.same(await failure(complete([first, first])), { name: 'InvalidPartOrder', status: 400 });
    t.same(await failure(complete([first, second])), { name: 'EntityTooSmall', status: 400 });
    const absent = { ...second, PartNumber: 3 };
    t.same(await failure(complete([absent])), { name: 'InvalidPart', status: 400 });
    const other = { ...first, ETag: md5(BIG).toString('hex') };
    t.same(await failure(complete([other])), { name: 'InvalidPart', status: 400 });
    t.same(await failure(complete([])), { name: 'MalformedXML', status: 400 });
    t.equal((await complete([second])).ETag, etagOf(SMALL), 'a part may be left out');
  },

  async 'a completion may be conditional'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'there' }));
    const { parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: SMALL });
    t.same(await failure(complete(parts, { IfNoneMatch: '*' })), { name: 'PreconditionFailed', status: 412 });
    await complete(parts);
  },

  async 'a completion whose answer got lost may be asked for again'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: SMALL });
    const once = await complete(parts);
    t.equal((await complete(parts)).ETag, once.ETag);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'newer' }));
    t.same(
      await failure(complete(parts)),
      { name: 'NoSuchUpload', status: 404 },
      'but not after a newer write',
    );
  },

  async 'uploads are listed until they end'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const first = await start(s3, Bucket, 'a');
    const second = await start(s3, Bucket, 'a');
    const third = await start(s3, Bucket, 'ab/ä');
    const list = async (input: object = {}) => {
      const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, ...input }));
      return page.Uploads?.map(({ Key, UploadId }) => [Key, UploadId]) ?? [];
    };
    const all = await list();
    t.same(
      [...all].sort(),
      [
        ['a', first],
        ['a', second],
        ['ab/ä', third],
      ].sort(),
    );
    t.same(await list({ Prefix: 'ab' }), [['ab/ä', third]]);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'a', UploadId: first }));
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'ab/ä', UploadId: third }));
    t.same(await list(), [['a', second]]);
  },

  async 'listings of uploads and parts go page by page'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const uploads: string[] = [];
    for (const Key of ['a', 'a', 'b']) uploads.push(await start(s3, Bucket, Key));
    const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2 }));
    t.match(page, { IsTruncated: true, NextKeyMarker: 'a', MaxUploads: 2 });
    const rest = await s3.send(
      new ListMultipartUploadsCommand({
        Bucket,
        KeyMarker: page.NextKeyMarker,
        UploadIdMarker: page.NextUploadIdMarker,
      }),
    );
    const seen = [...page.Uploads!, ...rest.Uploads!].map(({ UploadId }) => UploadId!);
    t.same(seen.sort(), uploads.sort());
    const { upload } = await uploadParts(s3, Bucket, 'p', { 1: SMALL, 2: SMALL, 9: SMALL });
    const parts = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    t.match(parts, { IsTruncated: true, NextPartNumberMarker: '2' });
    const others = await s3.send(new ListPartsCommand({ ...upload, PartNumberMarker: '2' }));
    t.same(
      others.Parts?.map(({ PartNumber }) => PartNumber),
      [9],
    );
  },

  async 'an upload that has ended is no more'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const { upload, parts, complete } = await uploadParts(s3, Bucket, 'k', { 1: SMALL });
    await s3.send(new AbortMultipartUploadCommand(upload));
    const gone = { name: 'NoSuchUpload', status: 404 };
    t.same(await failure(complete(parts)), gone);
    t.same(await failure(s3.send(new ListPartsCommand(upload))), gone);
    t.same(await failure(s3.send(new AbortMultipartUploadCommand(upload))), gone);
    const part = new UploadPartCommand({ ...upload, PartNumber: 2, Body: SMALL });
    t.same(await failure(s3.send(part)), gone);
    const elsewhere = new UploadPartCommand({ ...upload, Key: 'other', PartNumber: 1, Body: SMALL });
    t.same(await failure(s3.send(elsewhere)), gone);
    for (const PartNumber of [0, 10_001]) {
      const { name } = await failure(s3.send(new UploadPartCommand({ ...upload, PartNumber, Body: SMALL })));
      t.equal(name, 'InvalidArgument', `part ${PartNumber}`);
    }
  },

  async 'checksums of parts make the checksum of the object'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const sha256 = (...data: Buffer[]) => createHash('sha256').update(Buffer.concat(data)).digest();
    const UploadId = await start(s3, Bucket, 'k', { ChecksumAlgorithm: 'SHA256' });
    const upload = { Bucket, Key: 'k', UploadId };
    const parts: object[] = [];
    for (const [i, Body] of [BIG, SMALL].entries()) {
      const part = { PartNumber: i + 1, ChecksumSHA256: sha256(Body).toString('base64') };
      const { ETag } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber: i + 1, Body, ChecksumAlgorithm: 'SHA256' }),
      );
      parts.push({ ...part, ETag });
    }
    const MultipartUpload = { Parts: parts };
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
    const expected = `${sha256(sha256(BIG), sha256(SMALL)).toString('base64')}-2`;
    t.equal(done.ChecksumSHA256, expected);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    t.match(head, { ChecksumSHA256: expected, ChecksumType: 'COMPOSITE' });
  },

  async 'an upload with a checksum wants it for each part'(t, { s3, plain, bucket }) {
    const Bucket = await bucket();
    const UploadId = await start(s3, Bucket, 'k', { ChecksumAlgorithm: 'SHA256' });
    const part = { Bucket, Key: 'k', UploadId, PartNumber: 1, Body: SMALL };
    const refused = { name: 'InvalidRequest', status: 400 };
    t.same(await failure(plain.send(new UploadPartCommand(part))), refused, 'a part without');
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'SHA256' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = new CompleteMultipartUploadCommand({ Bucket, Key: 'k', UploadId, MultipartUpload });
    t.same(await failure(s3.send(complete)), refused, 'a completion without');
  },

  async 'the SDK uploads streams of unknown length'(t, { s3, plain, bucket }) {
    const Bucket = await bucket();
    const pieces = Array.from({ length: 12 }, (_, i) => Buffer.alloc(MIB, `${i} `));
    for (const client of [s3, plain]) {
      const Body = Readable.from(pieces, { objectMode: false });
      await new Upload({ client, params: { Bucket, Key: 'stream', Body }, queueSize: 3 }).done();
      const got = await client.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
      t.ok(Buffer.concat(pieces).equals(await got.Body!.transformToByteArray()));
      t.match(got.ETag, /^"[0-9a-f]{32}-3"$/);
    }
  },
};
