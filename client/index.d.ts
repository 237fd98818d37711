import type { Client } from 'openapi-fetch';
import type { components, paths } from './api.d.ts';

export type { components, operations, paths } from './api.d.ts';

export type BrokerClient = Client<paths>;
export type ErrorBody = components['schemas']['Error'];

export interface BrokerClientOptions {
  /** Where the broker is, without /api: the paths hold it. */
  readonly baseUrl: string;
  /** A token, or what gives one for each request (so that it can be renewed meanwhile). */
  readonly token?: string | (() => string | Promise<string>);
  /** Instead of the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** A client whose paths, parameters, bodies and answers are those of openapi.yaml. */
export declare function createBrokerClient(options: BrokerClientOptions): BrokerClient;

/** An answer of the broker that is not a success. */
export declare class BrokerError extends Error {
  readonly status: number;
  /** Stable name of the problem; `unknown` if whoever answered was not the broker. */
  readonly code: string;
  readonly remedy: string | undefined;
  readonly requestId: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterSeconds: number | undefined;
  constructor(response: Response, body: Partial<ErrorBody>);
}

/** The data of a call. @throws BrokerError if the broker refused. */
export declare function dataOf<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T>;
