/** Downloads of the command line: broken connections, wrong bytes, nothing that stays half done. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { download } from '../../src/cli/transfer/download.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
type Test = { teardown(fn: () => unknown): unknown };

/** A bucket that answers the tries one after the other. */
async function bucket(t: Test, tries: ((request: IncomingMessage, answer: ServerResponse) => void)[]) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    ranges.push(request.headers.range);
    (tries.length > 1 ? tries.shift() : tries[0])?.(request, answer);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/result.zip`;
  return { sign: async () => url, ranges };
}

const whole = (_request: IncomingMessage, answer: ServerResponse, content = CONTENT, sha = SHA256): void => {
  answer.writeHead(200, { 'content-length': content.length, 'x-amz-meta-sha256': sha }).end(content);
};
const broken = (_request: IncomingMessage, answer: ServerResponse): void => {
  answer.writeHead(200, { 'content-length': CONTENT.length, 'x-amz-meta-sha256': SHA256 });
  answer.write(CONTENT.subarray(0, 100_000), () => setTimeout(() => answer.destroy(), 50));
};
const rest = ({ headers }: IncomingMessage, answer: ServerResponse): void => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]);
  const part = CONTENT.subarray(from);
  answer.writeHead(206, { 'content-length': part.length, 'x-amz-meta-sha256': SHA256 }).end(part);
};
const onProgress = (): void => undefined;
const { signal } = new AbortController();

t.test('where the connection broke it goes on, and the bytes are the same', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  // Of another result: not one byte of it may be kept.
  writeFileSync(`${path}.part`, 'something else');
  const { sign, ranges } = await bucket(t, [broken, rest]);
  t.equal(await download({ sign, path, onProgress, signal }), CONTENT.length);
  t.ok(readFileSync(path).equals(CONTENT));
  t.equal(ranges[0], undefined);
  t.match(ranges[1], /^bytes=[1-9]\d*-$/);
  t.notOk(existsSync(`${path}.part`));
});

t.test('wrong bytes are noticed and fetched again from the beginning', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const wrong = Buffer.from(CONTENT).fill(1, 10, 20);
  const { sign, ranges } = await bucket(t, [(request, answer) => whole(request, answer, wrong), whole]);
  await download({ sign, path, onProgress, signal });
  t.ok(readFileSync(path).equals(CONTENT));
  t.same(ranges, [undefined, undefined]);
});

t.test('a bucket that refuses again and again is named; nothing stays', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const { sign, ranges } = await bucket(t, [(_request, answer) => answer.writeHead(503).end()]);
  await t.rejects(download({ sign, path, onProgress, signal }), /the bucket answers 503/);
  t.equal(ranges.length, 5);
  t.notOk(existsSync(path) || existsSync(`${path}.part`));
});

t.test('stopped in the middle: nothing stays', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const { sign } = await bucket(t, [
    (_request, answer) => {
      answer.writeHead(200, { 'content-length': CONTENT.length });
      answer.write(CONTENT.subarray(0, 100_000));
    },
  ]);
  const stop = new AbortController();
  const seen = (received: number): void => {
    if (received >= 100_000) stop.abort();
  };
  await t.rejects(download({ sign, path, onProgress: seen, signal: stop.signal }), { name: 'AbortError' });
  t.notOk(existsSync(path) || existsSync(`${path}.part`));
});
