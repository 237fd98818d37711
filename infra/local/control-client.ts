/** The client of the control interface (control.ts): signs as the root of one account. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { CallCount } from './calls.ts';
import { AwsError, type Clock, type StackDocument } from './contract.ts';
import type { RootCredentials } from './credentials.ts';
import type { Fault, FaultInput } from './faults.ts';
import type { QuotaInput } from './quotas.ts';
import { signRequest } from './sigv4/sign.ts';

export interface ControlClient {
  /** Creates or updates a stack with its tables and buckets; repeating it changes nothing. */
  applyStack(document: StackDocument): Promise<void>;
  /** Deletes a stack of the client's account; its buckets and tables stay. */
  removeStack(stackName: string): Promise<void>;
  addFault(fault: FaultInput): Promise<Fault>;
  faults(): Promise<Fault[]>;
  /** All faults, or one. */
  clearFaults(id?: string): Promise<void>;
  /** Gives the client's account another quota in a region; until the cloud ends. */
  setQuota(quota: QuotaInput): Promise<void>;
  /** Calls since the start or since `clearCalls`, by service, operation and account. */
  calls(): Promise<CallCount[]>;
  clearCalls(): Promise<void>;
  /** Everything in the cloud as frames (backup/frames.ts); with the contents of buckets, if `objects`. */
  backup(options: { objects: boolean; signal?: AbortSignal }): Promise<Readable>;
}

/** All methods throw AwsError with the code that the cloud answered. */
export function createControlClient(options: {
  endpoint: string;
  accountId: string;
  credentials: RootCredentials;
  clock?: Clock;
}): ControlClient {
  const ask = async (
    method: string,
    path: string,
    input?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> => {
    const url = new URL(`/_cloudmr/${path}`, options.endpoint);
    const body = input === undefined ? undefined : JSON.stringify(input);
    const headers = signRequest(
      { method, url, body, headers: { 'content-type': 'application/json' } },
      {
        credentials: options.credentials,
        service: 'cloudmr',
        region: 'us-east-1',
        clock: options.clock ?? Date.now,
      },
    );
    const response = await fetch(url, { method, headers, body, signal });
    if (response.ok) return response;
    const answer = (await response.json()) as Record<string, unknown>;
    throw new AwsError(String(answer.__type), String(answer.message), response.status);
  };
  const send = async (method: string, path: string, input?: unknown): Promise<unknown> =>
    (await ask(method, path, input)).json();
  const name = encodeURIComponent;

  return {
    async applyStack(document) {
      await send('PUT', 'stacks', document);
    },
    async removeStack(stackName) {
      await send('DELETE', `stacks/${options.accountId}/${name(stackName)}`);
    },
    addFault: async (fault) => (await send('POST', 'faults', fault)) as Fault,
    faults: async () => ((await send('GET', 'faults')) as { faults: Fault[] }).faults,
    async clearFaults(id) {
      await send('DELETE', id === undefined ? 'faults' : `faults/${name(id)}`);
    },
    async setQuota(quota) {
      await send('PUT', 'quotas', quota);
    },
    calls: async () => ((await send('GET', 'calls')) as { calls: CallCount[] }).calls,
    async clearCalls() {
      await send('DELETE', 'calls');
    },
    async backup({ objects, signal }) {
      const { body } = await ask('GET', objects ? 'backup/objects' : 'backup', undefined, signal);
      return Readable.fromWeb(body as ReadableStream);
    },
  };
}
