/** What the metadata store keeps, as JSON. */
import type { CorsRule } from '../contract.ts';
import type { ChecksumAlgorithm } from './checksums.ts';

/** A file under `blobs/` and its length in bytes. */
export interface Segment {
  readonly blob: string;
  readonly size: number;
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; for COMPOSITE followed by `-` and the number of parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Headers that are stored with an object and sent with it: [name, value] in the order they came. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface ObjectRecord {
  readonly size: number;
  /** Without quotes: MD5 in hex, or `MD5-of-MD5s`-`parts`. */
  readonly etag: string;
  /** Epoch ms. */
  readonly modifiedAt: number;
  /** Content-Type, Cache-Control ... and x-amz-meta-*. */
  readonly headers: HeaderList;
  /** The content in order; one segment per part, each of 5 MiB or more, so the record stays small beside it. */
  readonly segments: readonly Segment[];
  readonly checksum?: Checksum;
  /** The multipart upload it came from, so that completing it again gives the same answer. */
  readonly uploadId?: string;
}

export interface UploadRecord {
  readonly initiatedAt: number;
  readonly headers: HeaderList;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
}

export interface PartRecord {
  readonly segment: Segment;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface BucketRecord {
  readonly createdAt: number;
  /** Rules set by PutBucketCors; an empty list was set by DeleteBucketCors; without it the stack's rules hold. */
  readonly cors?: readonly CorsRule[];
}
