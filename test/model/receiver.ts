/** Who listens to the webhook: hears what is told, and compares it with what the witness saw happen. */
import type { WebhookCaller } from '../../services/webhooks/ports.ts';
import type { Job, JobState } from '../../src/schemas/job.ts';

/** The states of which a webhook is told. */
const TOLD: readonly JobState[] = ['running', 'succeeded', 'failed', 'canceled', 'lost'];

interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { jobId: string; attempt: number; state: JobState };
}

export interface Receiver {
  readonly caller: WebhookCaller;
  /** Down: it refuses whatever comes. */
  turn(up: boolean): void;
  /** A job was written: what of it has to be told. */
  wrote(before: Job | undefined, after: Job | undefined): void;
  /** Moves that nobody was told of, in words. */
  untold(): string[];
}

/** Creates a receiver that is up. `note` counts what happens; `broken` takes what must not. */
export function createReceiver(note: (event: string) => void, broken: string[]): Receiver {
  let up = true;
  /** What happened, and under which id it was told; of two attempts in one moment each has its own. */
  const moves = new Map<string, Map<number, string>>();
  const told = new Map<string, string>();

  function hear(id: string, { timestamp, data }: Message): void {
    const move = nameOf(data, Date.parse(timestamp));
    const ids = moves.get(move);
    if (!ids) broken.push(`a webhook was told of what did not happen: ${move}`);
    if ((told.get(id) ?? move) !== move) broken.push(`${id} was told for ${told.get(id)} and for ${move}`);
    note(told.has(id) ? 'webhook told again' : 'webhook told');
    told.set(id, move);
    if ((ids?.get(data.attempt) ?? id) !== id) broken.push(`${move} was told under two ids`);
    ids?.set(data.attempt, id);
  }

  return {
    caller: {
      refusal: async () => undefined,
      async post(_url, headers, body) {
        if (!up) {
          note('webhook refused');
          return { status: 503 };
        }
        hear(headers['webhook-id'], JSON.parse(body) as Message);
        return { status: 200 };
      },
    },
    turn(is) {
      up = is;
    },
    wrote(before, after) {
      if (!after || !TOLD.includes(after.state)) return;
      if (after.state === before?.state && after.attempt === before.attempt) return;
      moves.set(nameOf(after, after.history.at(-1)?.at ?? 0), new Map());
    },
    untold: () => [...moves].flatMap(([move, ids]) => (ids.size === 0 ? [move] : [])),
  };
}

const nameOf = ({ jobId, state }: Pick<Job, 'jobId' | 'state'>, at: number): string =>
  `${jobId} ${state} at ${at}`;
