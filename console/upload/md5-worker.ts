/** Checksums beside the page. */
import { md5 } from './md5.ts';

addEventListener('message', (event: MessageEvent<{ id: number; part: ArrayBuffer }>) => {
  const { id, part } = event.data;
  postMessage({ id, digest: md5(new Uint8Array(part)) });
});
