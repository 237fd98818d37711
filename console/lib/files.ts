/** Lists of files, a page at a time. */
import { api, type DataFile, data } from './api.ts';

export interface FilePage {
  readonly files: readonly DataFile[];
  readonly cursor: string | undefined;
}

/** Newest first. */
export async function readFiles(limit: number, cursor?: string): Promise<FilePage> {
  const call = api.GET('/api/data', { params: { query: { limit, cursor } } });
  const files = await data(call);
  return { files, cursor: (await call).response.headers.get('x-next-cursor') ?? undefined };
}

/** Bucket and key of a file. */
export function placeOf({ location }: DataFile): { bucket: string; key: string } {
  const { Bucket, Key } = JSON.parse(location) as { Bucket: string; Key: string };
  return { bucket: Bucket, key: Key };
}
