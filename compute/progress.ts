/** Tells the broker how far a run is. Nothing that happens here can fail the run. */
import type { PlatformName, ProgressReport } from '../src/schemas/execution.ts';

export interface ProgressOptions {
  readonly jobId: string;
  readonly attempt: number;
  readonly platform: PlatformName;
  /** Without it nobody wants to know. */
  readonly callback?: { readonly url: string; readonly token: string };
  readonly fetch: typeof fetch;
  readonly clock: () => number;
  /** Called once if the broker answers that the job was canceled. */
  readonly onCancel: () => void;
}

export interface Progress {
  /** Sends a report, unless one was sent within the last second or is on its way. */
  report(step: ProgressReport['step'], fraction: number, message: string): void;
  /** Sends the last report again, every HEARTBEAT_MS until the end: a sign of life while a step lasts. */
  keepTelling(): () => void;
  /** Asks the broker now whether the job was canceled; false if it does not answer. */
  isCanceled(): Promise<boolean>;
}

const PAUSE_MS = 1000;
const TIMEOUT_MS = 3000;
/** The broker takes a worker for dead that is silent for 30 s. */
const HEARTBEAT_MS = 5000;

export function createProgress(options: ProgressOptions): Progress {
  const { jobId, attempt, platform, callback, clock, onCancel } = options;
  let sentMs = Number.NEGATIVE_INFINITY;
  let underWay = false;
  let canceled = false;
  let complained = false;
  let last: ProgressReport = { attempt, platform, step: 'start', fraction: 0, message: 'Starting' };

  async function send(report: ProgressReport): Promise<void> {
    if (!callback) return;
    try {
      const response = await options.fetch(`${callback.url}/api/job/${encodeURIComponent(jobId)}/progress`, {
        method: 'POST',
        headers: { authorization: `Bearer ${callback.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(report),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer: unknown = await response.json();
      if (canceled || !(answer as { cancel?: unknown } | null)?.cancel) return;
      canceled = true;
      onCancel();
    } catch (error) {
      // The broker may be away or slow: it learns the outcome from Step Functions in any case.
      if (complained) return;
      complained = true;
      console.warn(
        `progress of ${jobId} was not delivered: ${error instanceof Error ? error.name : 'error'}`,
      );
    }
  }

  function tell(): void {
    if (underWay || clock() - sentMs < PAUSE_MS) return;
    sentMs = clock();
    underWay = true;
    void send(last).then(() => {
      underWay = false;
    });
  }

  return {
    report(step, fraction, message) {
      last = { attempt, platform, step, fraction, message: message.slice(0, 200) };
      tell();
    },
    keepTelling() {
      const heart = setInterval(tell, HEARTBEAT_MS);
      return () => clearInterval(heart);
    },
    async isCanceled() {
      if (!canceled) await send(last);
      return canceled;
    },
  };
}
