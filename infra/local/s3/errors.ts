/** The S3 errors this service answers, and how they are written: XML with Code, Message, Resource, RequestId. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../contract.ts';
import { buildXml } from './xml.ts';

/** Code -> [HTTP status, default message], as the S3 API reference lists them. */
const ERRORS = {
  AccessDenied: [403, 'Access Denied'],
  AccessForbidden: [403, 'CORSResponse: This CORS request is not allowed.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  BadDigest: [400, 'The Content-MD5 or checksum value that you specified did not match what we received.'],
  BadRequest: [400, 'Bad Request'],
  BucketAlreadyExists: [409, 'The requested bucket name is not available; bucket names are global.'],
  BucketAlreadyOwnedByYou: [
    409,
    'Your previous request to create the named bucket succeeded and you own it.',
  ],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed object size.'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size'],
  IllegalLocationConstraintException: [400, 'The location constraint is incompatible with this endpoint.'],
  IncompleteBody: [400, 'You did not provide the number of bytes specified by the Content-Length header.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidArgument: [400, 'Invalid Argument'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 you specified was invalid.'],
  InvalidPart: [
    400,
    'One or more of the specified parts could not be found, or its entity tag did not match.',
  ],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRequest: [400, 'Invalid Request'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  KeyTooLongError: [400, 'Your key is too long'],
  MalformedTrailerError: [400, 'The request contained trailing data that was not well-formed.'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate against our schema'],
  MaxMessageLengthExceeded: [400, 'Your request was too big.'],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
  NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchPublicAccessBlockConfiguration: [404, 'The public access block configuration was not found'],
  NoSuchUpload: [404, 'The specified multipart upload does not exist.'],
  NotImplemented: [501, 'A header you provided implies functionality that is not implemented'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  SignatureDoesNotMatch: [403, 'The signature of a chunk does not match the one we calculated.'],
  XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' header does not match the content."],
} as const satisfies Record<string, readonly [number, string]>;

export type S3ErrorCode = keyof typeof ERRORS;

/** An error of the table; `extra` becomes further elements of the XML document. */
export function s3Error(code: S3ErrorCode, message?: string, extra?: Record<string, unknown>): AwsError {
  const [status, text] = ERRORS[code];
  return new AwsError(code, message ?? text, status, extra);
}

/** Refusal by name of what SUPPORTED.md does not list. */
export function notImplemented(what: string): AwsError {
  return s3Error('NotImplemented', `The embedded cloud does not emulate ${what}.`);
}

/** Path of the request without its query, which may carry a signature. */
function resourceOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0];
}

/**
 * Answers with an error document; HEAD requests get the status and headers only.
 * A response whose headers are already sent cannot be taken back: its connection is cut.
 */
export function writeError(
  request: IncomingMessage,
  response: ServerResponse,
  error: AwsError,
  requestId: string,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const document = buildXml('Error', {
    Code: error.code,
    Message: error.message,
    ...error.extra,
    Resource: resourceOf(request),
    RequestId: requestId,
  });
  response.removeHeader('content-length');
  response.statusCode = error.statusCode;
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/xml');
  response.end(document);
}
