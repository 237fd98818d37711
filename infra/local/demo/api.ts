/** A small client of the broker's HTTP API, as any script would write it. */
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

export interface JobAnswer {
  jobId: string;
  state: string;
  mode: string;
  platform?: string;
  seconds?: number;
  progress?: { step: string; fraction: number; message: string };
  summary?: { medianSnr: number | null };
  failure?: { code: string; message: string; remedy: string; actor: string };
}

/** An error answer of the broker: code, message and remedy. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, body: { code?: string; message?: string; remedy?: string }) {
    super(`${body.code ?? status}: ${body.message ?? 'no message'}${body.remedy ? ` (${body.remedy})` : ''}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code ?? 'unknown';
  }
}

/** One person's view of the broker. */
export interface Api {
  call<T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
  /** Uploads a file straight to the bucket of a computing unit; returns where it lies. */
  upload(path: string, filename: string, computingUnitId: string): Promise<{ bucket: string; key: string }>;
  job(jobId: string): Promise<JobAnswer>;
  /** Downloads the result zip (or the failure bundle) by presigned URL. */
  download(jobId: string, to: string): Promise<void>;
}

/** Signs in and returns the client. */
export async function signIn(url: string, email: string, password: string): Promise<Api> {
  const { id_token } = await send<{ id_token: string }>(url, 'POST', '/api/auth/login', { email, password });
  const call: Api['call'] = (method, path, body, headers) =>
    send(url, method, path, body, { authorization: `Bearer ${id_token}`, ...headers });
  return {
    call,
    async upload(path, filename, computingUnitId) {
      const { size } = await stat(path);
      const signed = await call<{
        url: string;
        method: string;
        headers: Record<string, string>;
        dataId: string;
        bucket: string;
        key: string;
      }>('POST', '/api/data/presign', { operation: 'put', filename, sizeBytes: size, computingUnitId });
      const answer = await fetch(signed.url, {
        method: signed.method,
        headers: { ...signed.headers, 'content-length': String(size) },
        body: Readable.toWeb(createReadStream(path)) as ReadableStream,
        duplex: 'half',
      } as RequestInit);
      if (!answer.ok) throw new Error(`upload of ${filename}: ${answer.status} ${await answer.text()}`);
      return { bucket: signed.bucket, key: signed.key };
    },
    job: (jobId) => call('GET', `/api/job/${jobId}`),
    async download(jobId, to) {
      const signed = await call<{ url: string }>('GET', `/api/job/${jobId}/result`);
      const answer = await fetch(signed.url);
      if (!answer.ok) throw new Error(`download of ${jobId}: ${answer.status} ${await answer.text()}`);
      await writeFile(to, Buffer.from(await answer.arrayBuffer()));
    },
  };
}

/** One request; throws ApiError on an error answer. */
export async function send<T>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const ask = (): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  // A kept connection may be closed by the other side just as it is used again: what only reads is asked once more.
  const answer = await (method === 'GET' ? ask().catch(ask) : ask());
  const text = await answer.text();
  const parsed = text ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new ApiError(answer.status, parsed ?? {});
  return parsed as T;
}
