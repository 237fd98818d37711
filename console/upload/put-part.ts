/** One part of a file to its presigned URL, with progress while it goes. */

/** The bucket has answered, but not with success. */
export class PartRefused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(/<Message>([^<]+)/.exec(text)?.[1] ?? `The bucket answered ${status}.`);
    this.status = status;
  }
}

/** The connection was lost, or the bucket does not let this page write. */
export class ConnectionLost extends Error {}

/**
 * Sends the part and answers its ETag. The bucket compares the bytes with the checksum and refuses what has changed
 * on its way.
 * @throws PartRefused, ConnectionLost, DOMException AbortError
 */
export function putPart(
  url: string,
  part: Blob,
  md5Base64: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort);
    const end = (work: () => void) => () => {
      signal.removeEventListener('abort', abort);
      work();
    };
    request.upload.addEventListener('progress', (event) => onProgress(event.loaded));
    request.addEventListener(
      'load',
      end(() => {
        const etag = request.getResponseHeader('etag')?.replaceAll('"', '');
        if (request.status !== 200) reject(new PartRefused(request.status, request.responseText));
        else if (!etag) reject(new Error("The bucket's CORS rules do not expose the ETag header."));
        else resolve(etag);
      }),
    );
    request.addEventListener(
      'error',
      end(() => reject(new ConnectionLost('The connection was lost.'))),
    );
    request.addEventListener(
      'abort',
      end(() => reject(new DOMException('stopped', 'AbortError'))),
    );
    request.open('PUT', url);
    request.setRequestHeader('content-md5', md5Base64);
    request.send(part);
  });
}
