/** Signed calls to AWS without an SDK: this function lies in the template, so every byte counts. */
import { signRequest } from '../local/sigv4/sign.ts';
import type { FunctionEnvironment } from './environment.ts';

const LIMIT_MS = 15_000;

/** AWS has refused: its status and the name it gives the error. */
export class CallError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`AWS answered ${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/** One operation of a JSON service, for example `AmazonSSM.GetParameter`. @throws CallError */
export async function jsonCall(
  { region, endpoint, credentials }: FunctionEnvironment,
  service: 'ssm' | 'ecr',
  target: string,
  input: object,
): Promise<Record<string, unknown>> {
  const url = new URL(endpoint(service));
  const request = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(input),
  };
  const headers = signRequest(request, { credentials, service, region, clock: Date.now });
  const answer = await fetch(url, { ...request, headers, signal: AbortSignal.timeout(LIMIT_MS) });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text || '{}');
  throw new CallError(answer.status, /"__type"\s*:\s*"(?:[^"]*#)?([^"]+)"/.exec(text)?.[1] ?? '');
}
