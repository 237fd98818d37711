/**
 * What of a bucket's settings can be asked: GetPublicAccessBlock, GetBucketEncryption, GetBucketPolicy. The
 * stack says them. Of it only the key is enforced (request.ts): nobody reaches these buckets without a signature or TLS.
 */
import { sendXml } from './answers.ts';
import { s3Error } from './errors.ts';
import type { S3Call } from './request.ts';

/** On unless the stack turns it off, as for every bucket made since 2023. */
export async function getPublicAccessBlock(call: S3Call): Promise<void> {
  call.authorizeBucket('s3:GetBucketPublicAccessBlock');
  if (call.bucket.publicAccessBlocked === false) throw s3Error('NoSuchPublicAccessBlockConfiguration');
  sendXml(call, 'PublicAccessBlockConfiguration', {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  });
}

/** By the key that the stack names, else by keys of S3. */
export async function getBucketEncryption(call: S3Call): Promise<void> {
  call.authorizeBucket('s3:GetEncryptionConfiguration');
  const { kmsKeyArn } = call.bucket;
  sendXml(call, 'ServerSideEncryptionConfiguration', {
    Rule: {
      ApplyServerSideEncryptionByDefault: kmsKeyArn
        ? { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn }
        : { SSEAlgorithm: 'AES256' },
      BucketKeyEnabled: kmsKeyArn !== undefined,
    },
  });
}

export async function getBucketPolicy(call: S3Call): Promise<void> {
  call.authorizeBucket('s3:GetBucketPolicy');
  const { name, tlsOnly } = call.bucket;
  if (!tlsOnly) throw s3Error('NoSuchBucketPolicy');
  const arn = `arn:aws:s3:::${name}`;
  const policy = Buffer.from(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'DenyInsecureTransport',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    }),
  );
  call.response.setHeader('content-type', 'application/json');
  call.response.setHeader('content-length', policy.length);
  call.response.end(policy);
}
