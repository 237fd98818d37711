/** Checksums of parts in a worker: the page stays responsive, and the bytes are dropped there. */

declare const MD5_WORKER: string;

interface Waiting {
  resolve(digest: Uint8Array): void;
  reject(error: Error): void;
}

let worker: Worker | undefined;
let next = 0;
const waiting = new Map<number, Waiting>();

/** The MD5 of a part of a file. Throws if it cannot be read, for example because it was changed meanwhile. */
export async function digestOf(part: Blob): Promise<Uint8Array> {
  const bytes = await part.arrayBuffer();
  worker ??= start();
  const id = next++;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker?.postMessage({ id, part: bytes }, [bytes]);
  });
}

function start(): Worker {
  const started = new Worker(MD5_WORKER, { type: 'module' });
  started.addEventListener('message', ({ data }: MessageEvent<{ id: number; digest: Uint8Array }>) => {
    waiting.get(data.id)?.resolve(data.digest);
    waiting.delete(data.id);
  });
  started.addEventListener('error', () => {
    for (const { reject } of waiting.values()) reject(new Error('The checksum could not be computed.'));
    waiting.clear();
    worker = undefined;
  });
  return started;
}

export const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
