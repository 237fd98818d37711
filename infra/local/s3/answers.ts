/** Answers that several operations give. */
import type { S3Call } from './request.ts';
import { buildXml } from './xml.ts';

export function sendXml(call: S3Call, root: string, members: Record<string, unknown>): void {
  const document = Buffer.from(buildXml(root, members));
  call.response.setHeader('content-type', 'application/xml');
  call.response.setHeader('content-length', document.length);
  call.response.end(document);
}

export function sendNoContent(call: S3Call): void {
  call.response.statusCode = 204;
  call.response.end();
}

export const isoDate = (epochMs: number): string => new Date(epochMs).toISOString();

/** ETags go quoted, in XML as in headers. */
export const quoted = (etag: string): string => `"${etag}"`;
