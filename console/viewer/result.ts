/** A result as the page shows it: its maps, its pictures, and what info.json says. */
import { api, data } from '../lib/api.ts';
import { type Nifti, readNifti } from './nifti.ts';
import { openZip, type ZipFile } from './zip.ts';

export interface ResultMap {
  readonly id: number;
  readonly name: string;
  readonly file: ZipFile;
  /** A matrix of coils by coils, which is no image of the object. */
  readonly isMatrix: boolean;
  /** Address of the worker's picture of it, if there is one. */
  readonly picture: string | undefined;
  /** Read once. */
  load(): Promise<Nifti>;
}

export interface Result {
  readonly maps: readonly ResultMap[];
  /** Address of the worker's overview. */
  readonly overview: string | undefined;
  readonly warnings: readonly string[];
  readonly zipBytes: number;
  /** Pictures are in memory until then. */
  close(): void;
}

interface Info {
  data: { filename: string; id: number; name: string; dim: number }[];
  previews?: { filename: string; id: number }[];
  warnings?: string[];
}

/** Fetches a result straight from the bucket. @throws BrokerError, TypeError if the bucket does not answer */
export async function loadResult(
  jobId: string,
  onProgress: (received: number) => void,
  signal: AbortSignal,
): Promise<Result> {
  const { url } = await data(api.GET('/api/job/{jobId}/result', { params: { path: { jobId } }, signal }));
  // Past the browser's cache: a copy that a download by the same link has left there carries no CORS headers.
  const response = await fetch(url, { signal, cache: 'no-store' });
  if (!response.ok)
    throw new Error(`The bucket answered ${response.status}. Load the page again for a new link.`);
  return resultOf(await bytesOf(response, onProgress));
}

async function bytesOf(response: Response, onProgress: (received: number) => void): Promise<ArrayBuffer> {
  if (!response.body) return response.arrayBuffer();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.length;
    onProgress(received);
  }
  return new Blob(chunks).arrayBuffer();
}

/** Opens the zip. Throws Error if it is not the result of a run. */
export async function resultOf(buffer: ArrayBuffer): Promise<Result> {
  const files = openZip(buffer);
  const addresses: string[] = [];
  const picture = async (name: string): Promise<string | undefined> => {
    const file = files.get(name);
    if (!file) return undefined;
    const address = URL.createObjectURL(new Blob([await file.read()], { type: 'image/png' }));
    addresses.push(address);
    return address;
  };
  const infoFile = files.get('info.json');
  if (!infoFile) throw new Error('This zip holds no info.json, so it is not a result.');
  const info = JSON.parse(new TextDecoder().decode(await infoFile.read())) as Info;
  const maps: ResultMap[] = [];
  for (const { filename, id, name, dim } of info.data) {
    const file = files.get(filename);
    if (!file) continue;
    const preview = info.previews?.find((one) => one.id === id);
    let loaded: Promise<Nifti> | undefined;
    maps.push({
      id,
      name,
      file,
      isMatrix: dim === 2,
      picture: preview && (await picture(preview.filename)),
      load: () => (loaded ??= file.read().then(readNifti)),
    });
  }
  return {
    maps,
    overview: await picture('overview.png'),
    warnings: info.warnings ?? [],
    zipBytes: buffer.byteLength,
    close() {
      for (const address of addresses) URL.revokeObjectURL(address);
    },
  };
}

/** Hands bytes to the person as a file. */
export function saveAs(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const anchor = Object.assign(document.createElement('a'), { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
