/** One callback to the broker with the token of a job: what both functions that report do. */
import type { JobDocument, RunFailure, RunResult } from '../../src/schemas/execution.ts';

export interface Outcome {
  readonly status: string;
  readonly result?: RunResult;
  readonly failure?: RunFailure;
}

/** Why the broker was not told; `again`: another try may help. */
export interface CallbackProblem {
  readonly text: string;
  readonly again: boolean;
}

const TIMEOUT_MS = 10_000;

/** Undefined if the broker has taken it. `callback` is that of the document. */
export async function sendCallback(
  {
    jobId,
    attempt,
    callback,
  }: Pick<JobDocument, 'jobId' | 'attempt'> & Required<Pick<JobDocument, 'callback'>>,
  outcome: Outcome,
  post: typeof fetch,
): Promise<CallbackProblem | undefined> {
  try {
    const response = await post(`${callback.url}/api/job/${encodeURIComponent(jobId)}/callback`, {
      method: 'POST',
      headers: { authorization: `Bearer ${callback.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...outcome, attempt }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const refused = response.status < 500 && response.status !== 408 && response.status !== 429;
    return { text: `status ${response.status}`, again: !refused };
  } catch (error) {
    return { text: error instanceof Error ? error.name : 'no answer', again: true };
  }
}
