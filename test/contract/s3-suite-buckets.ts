import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketCorsCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { failure } from './s3-env.ts';
import type { Contract } from './s3-suite.ts';

export const bucketContract: Contract = {
  async 'a bucket is made, found, listed, located and removed'(t, { s3 }) {
    const Bucket = `contract-${Date.now()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new HeadBucketCommand({ Bucket }));
    await s3.send(new CreateBucketCommand({ Bucket })); // once more is no error in us-east-1
    const { Buckets } = await s3.send(new ListBucketsCommand());
    const listed = Buckets?.find((bucket) => bucket.Name === Bucket);
    t.ok(listed?.CreationDate instanceof Date);
    const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
    t.notOk(LocationConstraint, 'us-east-1 has no location constraint');
    await s3.send(new DeleteBucketCommand({ Bucket }));
    t.same(await failure(s3.send(new HeadBucketCommand({ Bucket }))), { name: 'NotFound', status: 404 });
    t.same(await failure(s3.send(new DeleteBucketCommand({ Bucket }))), {
      name: 'NoSuchBucket',
      status: 404,
    });
  },

  async 'a bucket with objects is not removed'(t, { s3, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    t.same(await failure(s3.send(new DeleteBucketCommand({ Bucket }))), {
      name: 'BucketNotEmpty',
      status: 409,
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  },

  async 'bucket names keep the rules'(t, { s3 }) {
    for (const Bucket of ['Upper', 'ab', 'a..b', '-abc', '192.168.0.1', 'a_b']) {
      const { name } = await failure(s3.send(new CreateBucketCommand({ Bucket })));
      t.equal(name, 'InvalidBucketName', Bucket);
    }
  },

  async 'a location constraint must be the region of the endpoint'(t, { s3 }) {
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
    const refused = await failure(
      s3.send(new CreateBucketCommand({ Bucket: 'contract-elsewhere', CreateBucketConfiguration })),
    );
    t.same(refused, { name: 'IllegalLocationConstraintException', status: 400 });
  },

  async 'what is not there has its own error'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const missing = { Bucket: 'contract-nowhere', Key: 'a' };
    t.same(await failure(s3.send(new GetObjectCommand(missing))), { name: 'NoSuchBucket', status: 404 });
    t.same(await failure(s3.send(new PutObjectCommand({ ...missing, Body: 'x' }))), {
      name: 'NoSuchBucket',
      status: 404,
    });
    t.same(await failure(s3.send(new GetObjectCommand({ Bucket, Key: 'a' }))), {
      name: 'NoSuchKey',
      status: 404,
    });
  },

  async 'bucket names are global and contents are their owner’s'(t, { s3, foreign, bucket }) {
    const Bucket = await bucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'mine' }));
    t.same(await failure(foreign.send(new CreateBucketCommand({ Bucket }))), {
      name: 'BucketAlreadyExists',
      status: 409,
    });
    t.same(await failure(foreign.send(new GetObjectCommand({ Bucket, Key: 'a' }))), {
      name: 'AccessDenied',
      status: 403,
    });
    const { Buckets } = await foreign.send(new ListBucketsCommand());
    t.notOk(Buckets?.some((listed) => listed.Name === Bucket));
  },

  async 'an expected owner is held to'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const input = { Bucket, Key: 'a', ExpectedBucketOwner: '999999999999' };
    t.same(await failure(s3.send(new PutObjectCommand({ ...input, Body: 'x' }))), {
      name: 'AccessDenied',
      status: 403,
    });
    t.equal((await failure(s3.send(new HeadBucketCommand(input)))).status, 403);
    t.same(await failure(s3.send(new GetObjectCommand({ Bucket, Key: 'a' }))), {
      name: 'NoSuchKey',
      status: 404,
    });
  },

  async 'cross-origin rules are stored, read and removed'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const none = { name: 'NoSuchCORSConfiguration', status: 404 };
    t.same(await failure(s3.send(new GetBucketCorsCommand({ Bucket }))), none);
    const rule = {
      AllowedOrigins: ['https://a.example', 'https://*.b.example'],
      AllowedMethods: ['GET', 'PUT'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 600,
    };
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
    const { CORSRules } = await s3.send(new GetBucketCorsCommand({ Bucket }));
    t.same(CORSRules, [rule]);
    const bad = { ...rule, AllowedMethods: ['PATCH'] };
    t.same(
      await failure(s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [bad] } }))),
      { name: 'InvalidRequest', status: 400 },
    );
    await s3.send(new DeleteBucketCorsCommand({ Bucket }));
    t.same(await failure(s3.send(new GetBucketCorsCommand({ Bucket }))), none);
  },

  async 'what is not emulated is refused by its name'(t, { s3, bucket }) {
    const Bucket = await bucket();
    const object = { Bucket, Key: 'a' };
    await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    const refused: [string, () => Promise<unknown>][] = [
      ['GetBucketVersioning', () => s3.send(new GetBucketVersioningCommand({ Bucket }))],
      ['GetBucketVersions', () => s3.send(new ListObjectVersionsCommand({ Bucket }))],
      ['GetBucketTagging', () => s3.send(new GetBucketTaggingCommand({ Bucket }))],
      ['PutBucketAcl', () => s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }))],
      ['PutBucketPolicy', () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))],
      ['ListObjects version 1', () => s3.send(new ListObjectsCommand({ Bucket }))],
      [
        'PutObjectTagging',
        () => s3.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet: [] } })),
      ],
      ['versionId', () => s3.send(new GetObjectCommand({ ...object, VersionId: 'v1' }))],
      ['partNumber', () => s3.send(new GetObjectCommand({ ...object, PartNumber: 1 }))],
      ['x-amz-acl', () => s3.send(new PutObjectCommand({ ...object, ACL: 'public-read' }))],
      ['x-amz-tagging', () => s3.send(new PutObjectCommand({ ...object, Tagging: 'a=b' }))],
      [
        'x-amz-server-side-encryption',
        () => s3.send(new PutObjectCommand({ ...object, ServerSideEncryption: 'aws:kms' })),
      ],
      ['CRC64NVME', () => s3.send(new PutObjectCommand({ ...object, ChecksumCRC64NVME: 'AAAAAAAAAAA=' }))],
      [
        'UploadPartCopy',
        () =>
          s3.send(
            new UploadPartCopyCommand({
              ...object,
              CopySource: `${Bucket}/a`,
              CopySourceRange: 'bytes=0-0',
              PartNumber: 1,
              UploadId: 'u',
            }),
          ),
      ],
    ];
    for (const [what, ask] of refused) {
      const error = (await ask().catch((error) => error)) as Error;
      t.equal(error.name, 'NotImplemented', what);
      t.ok(error.message?.includes(what), error.message);
    }
  },
};
