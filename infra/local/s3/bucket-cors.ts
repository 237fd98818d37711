/** GetBucketCors, PutBucketCors and DeleteBucketCors. */
import type { CorsRule } from '../contract.ts';
import { sendNoContent, sendXml } from './answers.ts';
import { corsRules } from './buckets.ts';
import { s3Error } from './errors.ts';
import { bucketKey } from './keys.ts';
import { bucketLock, checkBucket, type Stores } from './objects.ts';
import { readText } from './receive.ts';
import type { BucketRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { children, parseXml, text, texts, type XmlElement } from './xml.ts';

const METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'];
const MAX_RULES = 100;
const MAX_DOCUMENT = 64 * 1024;

export async function getBucketCors(call: S3Call, { meta }: Stores): Promise<void> {
  call.authorizeBucket('s3:GetBucketCORS');
  const rules = corsRules(meta, call.bucket);
  if (!rules.length) throw s3Error('NoSuchCORSConfiguration', undefined, { BucketName: call.bucket.name });
  sendXml(call, 'CORSConfiguration', {
    CORSRule: rules.map((rule) => ({
      AllowedOrigin: rule.AllowedOrigins,
      AllowedMethod: rule.AllowedMethods,
      AllowedHeader: rule.AllowedHeaders,
      ExposeHeader: rule.ExposeHeaders,
      MaxAgeSeconds: rule.MaxAgeSeconds,
    })),
  });
}

/** Throws InvalidRequest for patterns with two stars and for values that no header can hold. */
function patterns(rule: XmlElement, element: string): string[] {
  return texts(rule, element).map((pattern) => {
    if (pattern.split('*').length > 2) {
      throw s3Error('InvalidRequest', `${element} "${pattern}" can not have more than one wildcard.`);
    }
    if (!/^[\x21-\x7e]+$/.test(pattern)) throw s3Error('InvalidRequest', `${element} is not valid.`);
    return pattern;
  });
}

function parseRule(rule: XmlElement): CorsRule {
  const methods = texts(rule, 'AllowedMethod');
  const unknown = methods.find((method) => !METHODS.includes(method));
  if (unknown !== undefined) {
    throw s3Error('InvalidRequest', 'Found unsupported HTTP method in CORS config.');
  }
  const origins = patterns(rule, 'AllowedOrigin');
  const maxAge = text(rule, 'MaxAgeSeconds');
  if (!methods.length || !origins.length) throw s3Error('MalformedXML');
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) throw s3Error('MalformedXML');
  return {
    AllowedOrigins: origins,
    AllowedMethods: methods,
    AllowedHeaders: patterns(rule, 'AllowedHeader'),
    ExposeHeaders: patterns(rule, 'ExposeHeader'),
    MaxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
  };
}

async function setRules(call: S3Call, stores: Stores, cors: readonly CorsRule[]): Promise<void> {
  const { meta, locks, registry, clock } = stores;
  const { scope } = call.address;
  await locks.exclusive(bucketLock(call.bucket.name), async () => {
    checkBucket(registry, call.bucket.name, scope);
    const current = meta.get<BucketRecord>(bucketKey(scope));
    const record: BucketRecord = { createdAt: current?.createdAt ?? clock(), cors };
    await meta.write([{ put: bucketKey(scope), value: record }]);
  });
}

export async function putBucketCors(call: S3Call, stores: Stores): Promise<void> {
  call.authorizeBucket('s3:PutBucketCORS');
  const root = parseXml(await readText(call, MAX_DOCUMENT), 'CORSConfiguration');
  const rules = children(root, 'CORSRule').map(parseRule);
  if (!rules.length || rules.length > MAX_RULES) throw s3Error('MalformedXML');
  await setRules(call, stores, rules);
  call.response.end();
}

export async function deleteBucketCors(call: S3Call, stores: Stores): Promise<void> {
  call.authorizeBucket('s3:PutBucketCORS');
  await setRules(call, stores, []);
  sendNoContent(call);
}
