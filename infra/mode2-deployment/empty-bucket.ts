/** Empties a bucket entirely: all versions, all delete markers, all unfinished uploads. */
import type { Aws } from './aws-cli.ts';

interface Page {
  Versions?: { Key: string; VersionId: string; Size?: number }[];
  DeleteMarkers?: { Key: string; VersionId: string }[];
  IsTruncated?: boolean;
  NextKeyMarker?: string;
  NextVersionIdMarker?: string;
}

const PAGE = 1_000;

/** A look at what is there; `more` if a page was not enough to see it all. */
export async function lookInto(
  aws: Aws,
  bucket: string,
): Promise<{ objects: number; bytes: number; more: boolean }> {
  const { Versions = [], DeleteMarkers = [], IsTruncated = false } = await page(aws, bucket);
  const bytes = Versions.reduce((sum, { Size = 0 }) => sum + Size, 0);
  return { objects: Versions.length + DeleteMarkers.length, bytes, more: IsTruncated };
}

/** Returns how many versions and markers were deleted. */
export async function emptyBucket(
  aws: Aws,
  bucket: string,
  tell: (deleted: number) => void,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    // Always the first page: what was listed is gone by the next time.
    const { Versions = [], DeleteMarkers = [] } = await page(aws, bucket);
    const objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (objects.length === 0) break;
    for (let at = 0; at < objects.length; at += PAGE) {
      await aws.call('s3api', 'delete-objects', {
        Bucket: bucket,
        Delete: { Objects: objects.slice(at, at + PAGE), Quiet: true },
      });
    }
    deleted += objects.length;
    tell(deleted);
  }
  const { Uploads = [] } = await aws.call<{ Uploads?: { Key: string; UploadId: string }[] }>(
    's3api',
    'list-multipart-uploads',
    { Bucket: bucket },
  );
  for (const { Key, UploadId } of Uploads) {
    await aws.call('s3api', 'abort-multipart-upload', { Bucket: bucket, Key, UploadId });
  }
  return deleted;
}

function page(aws: Aws, bucket: string): Promise<Page> {
  return aws.call<Page>('s3api', 'list-object-versions', { Bucket: bucket, MaxKeys: PAGE }, [
    '--no-paginate',
  ]);
}
