/** `destroy --delete-data`: what stands in the way of deleting a versioned bucket. */
import t from 'tap';
import type { Aws } from '../../infra/mode2-deployment/aws-cli.ts';
import { emptyBucket, lookInto } from '../../infra/mode2-deployment/empty-bucket.ts';

type Entry = { Key: string; VersionId: string; Size?: number };

/** A bucket as `aws s3api` shows it: pages of 1,000, versions before markers. */
function bucketOf(versions: Entry[], markers: Entry[], uploads: { Key: string; UploadId: string }[]) {
  let left = { versions, markers, uploads };
  const asked: number[] = [];
  const call = async (
    _service: string,
    operation: string,
    input: Record<string, unknown>,
  ): Promise<unknown> => {
    if (operation === 'list-object-versions') {
      const Versions = left.versions.slice(0, 1_000);
      const DeleteMarkers = left.markers.slice(0, 1_000 - Versions.length);
      const all = left.versions.length + left.markers.length;
      return { Versions, DeleteMarkers, IsTruncated: all > 1_000 };
    }
    if (operation === 'delete-objects') {
      const { Objects } = input['Delete'] as { Objects: Entry[] };
      asked.push(Objects.length);
      const gone = new Set(Objects.map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      const stays = ({ Key, VersionId }: Entry): boolean => !gone.has(`${Key} ${VersionId}`);
      left = { ...left, versions: left.versions.filter(stays), markers: left.markers.filter(stays) };
      return {};
    }
    if (operation === 'list-multipart-uploads')
      return left.uploads.length > 0 ? { Uploads: left.uploads } : {};
    if (operation === 'abort-multipart-upload') {
      left = { ...left, uploads: left.uploads.filter(({ UploadId }) => UploadId !== input['UploadId']) };
      return {};
    }
    throw new Error(operation);
  };
  return { aws: { call } as unknown as Aws, left: () => left, asked };
}

t.test('M16: a versioned bucket is emptied of all versions, markers and unfinished uploads', async (t) => {
  const versions = Array.from({ length: 2_300 }, (_, i) => ({
    Key: `k${i % 7}`,
    VersionId: `v${i}`,
    Size: 2,
  }));
  const markers = Array.from({ length: 5 }, (_, i) => ({ Key: `k${i}`, VersionId: `m${i}` }));
  const bucket = bucketOf(versions, markers, [{ Key: 'part', UploadId: 'u1' }]);
  t.same(await lookInto(bucket.aws, 'b'), { objects: 1_000, bytes: 2_000, more: true });
  const told: number[] = [];
  t.equal(await emptyBucket(bucket.aws, 'b', (count) => told.push(count)), 2_305);
  t.same(bucket.left(), { versions: [], markers: [], uploads: [] });
  t.ok(
    bucket.asked.every((count) => count <= 1_000),
    'S3 deletes 1,000 at once at most',
  );
  t.same(told, [1_000, 2_000, 2_305]);
  t.equal(await emptyBucket(bucket.aws, 'b', () => undefined), 0, 'again: nothing to do');
});
