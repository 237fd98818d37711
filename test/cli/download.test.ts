/** Downloads of the command line: broken connections, stops in the middle, wrong bytes. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import t from 'tap';
import { download, partialOf } from '../../src/cli/transfer/download.ts';

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

const ETAG = '"0123-2"';
const META = { 'x-amz-meta-sha256': SHA256, etag: ETAG };
const whole = (_request: IncomingMessage, answer: ServerResponse, content = CONTENT): void => {
  answer.writeHead(200, { ...META, 'content-length': content.length }).end(content);
};
/** Ends the connection, or only falls silent, after a third. */
const third = (ends: boolean) => (_request: IncomingMessage, answer: ServerResponse) => {
  answer.writeHead(200, { ...META, 'content-length': CONTENT.length });
  answer.write(CONTENT.subarray(0, 100_000), () => ends && setTimeout(() => answer.destroy(), 50));
};
/** As S3 answers a range: 412 if it is no longer the object that is meant. */
const rest = ({ headers }: IncomingMessage, answer: ServerResponse): void => {
  if (headers['if-match'] !== ETAG) return void answer.writeHead(412).end();
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]);
  const part = CONTENT.subarray(from);
  answer.writeHead(206, { ...META, 'content-length': part.length }).end(part);
};
const onProgress = (): void => undefined;
const pauseMs = 10;
const { signal } = new AbortController();
const partials = (path: string): string[] =>
  readdirSync(dirname(path)).filter((name) => name.endsWith('.part'));

t.test('where the connection broke it goes on, and the bytes are the same', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const { sign, ranges } = await bucket(t, [third(true), rest]);
  t.equal(await download({ sign, path, onProgress, signal, pauseMs }), CONTENT.length);
  t.ok(readFileSync(path).equals(CONTENT));
  t.equal(ranges[0], undefined);
  t.match(ranges[1], /^bytes=[1-9]\d*-$/);
  t.same(partials(path), []);
});

t.test('stopped in the middle: the next call goes on there', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const { sign, ranges } = await bucket(t, [third(false), rest]);
  const stop = new AbortController();
  const seen = (received: number): void => {
    if (received >= 100_000) stop.abort();
  };
  await t.rejects(download({ sign, path, onProgress: seen, signal: stop.signal, pauseMs }), {
    name: 'AbortError',
  });
  t.notOk(existsSync(path), 'nothing has its name that is not whole');
  t.match(await partialOf(path), { bytes: 100_000, etag: '0123-2' });
  const steps: number[] = [];
  await download({ sign, path, onProgress: (received) => steps.push(received), signal });
  t.ok(readFileSync(path).equals(CONTENT));
  t.same(ranges, [undefined, 'bytes=99999-']);
  t.ok((steps[0] ?? 0) >= 99_999, 'progress goes on there too');
  t.same(partials(path), []);
});

t.test('stopped when all had arrived: only the end is asked for again', async (t) => {
  const path = join(t.testdir({ 'result.zip.0123-2.part': CONTENT }), 'result.zip');
  const { sign, ranges } = await bucket(t, [rest]);
  t.equal(await download({ sign, path, onProgress, signal, pauseMs }), CONTENT.length);
  t.ok(readFileSync(path).equals(CONTENT));
  t.same(ranges, [`bytes=${CONTENT.length - 1}-`]);
});

t.test('part of another object is not gone on with', async (t) => {
  const path = join(t.testdir({ 'result.zip.ffff.part': 'something else' }), 'result.zip');
  const { sign, ranges } = await bucket(t, [rest, whole]);
  await download({ sign, path, onProgress, signal, pauseMs });
  t.ok(readFileSync(path).equals(CONTENT));
  t.same(ranges, ['bytes=13-', undefined]);
  t.same(partials(path), []);
});

t.test('wrong bytes are noticed and fetched again from the beginning', async (t) => {
  const path = join(t.testdir({ 'result.zip.0123-2.part': Buffer.alloc(1_000, 1) }), 'result.zip');
  const wrong = Buffer.from(CONTENT).fill(1, 10, 20);
  const { sign, ranges } = await bucket(t, [rest, (request, answer) => whole(request, answer, wrong), whole]);
  await download({ sign, path, onProgress, signal, pauseMs });
  t.ok(readFileSync(path).equals(CONTENT));
  t.same(ranges, ['bytes=999-', undefined, undefined]);
});

t.test('a bucket that refuses again and again is named; nothing stays', async (t) => {
  const path = join(t.testdir(), 'result.zip');
  const { sign, ranges } = await bucket(t, [(_request, answer) => answer.writeHead(503).end()]);
  await t.rejects(download({ sign, path, onProgress, signal, pauseMs }), /the bucket answers 503/);
  t.equal(ranges.length, 5);
  t.same(readdirSync(dirname(path)), []);
});
