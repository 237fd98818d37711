/** What passes between the Lambda runner and its processes. Payloads travel as JSON text. */

export interface InvokeMessage {
  requestId: string;
  payload: string;
  /** Epoch ms of the timeout. */
  deadline: number;
  functionArn: string;
  functionName: string;
  functionVersion: string;
  memoryMb: number;
}

export type ChildMessage =
  | { type: 'ready' }
  /** The module cannot be used. */
  | { type: 'unusable'; errorType: string; errorMessage: string }
  | { type: 'result'; requestId: string; payload: string }
  /** `last`: the process ends with it. */
  | { type: 'error'; requestId: string; errorType: string; errorMessage: string; last?: true };

/** Largest payload in either direction, bytes. */
export const MAX_LAMBDA_PAYLOAD = 6 * 1024 * 1024;
