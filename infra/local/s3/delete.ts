/** DeleteObject and DeleteObjects. */
import { AwsError } from '../contract.ts';
import { sendNoContent, sendXml } from './answers.ts';
import { notImplemented, s3Error } from './errors.ts';
import type { Stores } from './objects.ts';
import { readText } from './receive.ts';
import { checkKey, type S3Call } from './request.ts';
import { childNames, children, parseXml, text, type XmlElement } from './xml.ts';

const MAX_KEYS = 1000;
/** 1000 keys of 1024 bytes, each byte escaped as six. */
const MAX_DOCUMENT = 8 * 1024 ** 2;

export async function deleteObject(call: S3Call, { objects }: Stores): Promise<void> {
  call.authorizeObject('s3:DeleteObject');
  await objects.remove([call.address], { ifMatch: call.header('if-match') });
  sendNoContent(call);
}

function keyOf(element: XmlElement): string {
  const key = text(element, 'Key');
  if (!key) throw s3Error('MalformedXML');
  const other = childNames(element).find((name) => name !== 'Key');
  if (other) throw notImplemented(`${other} of an object in DeleteObjects`);
  checkKey(key);
  return key;
}

async function readKeys(call: S3Call): Promise<{ keys: string[]; quiet: boolean }> {
  const names = Object.keys(call.request.headers).filter(
    (name) => name === 'content-md5' || name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer',
  );
  const hasDigest = names.some((name) => call.header(name) !== undefined);
  if (!hasDigest) {
    throw s3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const root = parseXml(await readText(call, MAX_DOCUMENT), 'Delete');
  const keys = children(root, 'Object').map(keyOf);
  if (!keys.length || keys.length > MAX_KEYS) throw s3Error('MalformedXML');
  return { keys: [...new Set(keys)], quiet: text(root, 'Quiet') === 'true' };
}

/** Which keys the caller may delete, and the errors for the others. */
function sortByPermission(call: S3Call, keys: readonly string[]) {
  const allowed: string[] = [];
  const errors: Record<string, string>[] = [];
  for (const key of keys) {
    try {
      call.context.authorize('s3:DeleteObject', `arn:aws:s3:::${call.bucket.name}/${key}`);
      allowed.push(key);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ Key: key, Code: error.code, Message: error.message });
    }
  }
  return { allowed, errors };
}

/** The keys the caller may delete go in one atomic write; the others are reported one by one. */
export async function deleteObjects(call: S3Call, { objects }: Stores): Promise<void> {
  const { keys, quiet } = await readKeys(call);
  const { allowed, errors } = sortByPermission(call, keys);
  await objects.remove(allowed.map((key) => ({ scope: call.address.scope, key })));
  sendXml(call, 'DeleteResult', {
    Deleted: quiet ? undefined : allowed.map((Key) => ({ Key })),
    Error: errors,
  });
}
