/**
 * Whether this process can work. What the table does is seen from the calls that are made anyway (each process says
 * every two seconds that it lives), so that a probe costs nothing; only a table of which nothing is known is asked.
 */
import type { Clock, UserStore } from '../services/ports.ts';
import type { DependencyHealth } from './aws/dependency-health.ts';
import type { Loop } from './loop.ts';
import type { Readiness } from './schemas/http/health.ts';

/** `/ready` waits this long for the table. */
const PROBE_MS = 2_000;
/** An answer of the table counts for this long: several times as long as the loops are silent. */
const FRESH_MS = 10_000;

export interface ReadinessDeps {
  users: Pick<UserStore, 'get'>;
  loop: Pick<Loop, 'healthy'>;
  health: Pick<DependencyHealth, 'list' | 'storeAnsweredAt'>;
  clock: Clock;
}

/** Creates the answer of `/ready`. */
export function createReadiness({ users, loop, health, clock }: ReadinessDeps): () => Promise<Readiness> {
  let probe: Promise<boolean> | undefined;

  async function storeAnswers(): Promise<boolean> {
    if (clock() - (health.storeAnsweredAt() ?? Number.NEGATIVE_INFINITY) < FRESH_MS) return true;
    // Of many who ask at once, one asks the table.
    probe ??= answers(users).finally(() => {
      probe = undefined;
    });
    return probe;
  }

  return async () => ({
    checks: { store: await storeAnswers(), tick: loop.healthy() },
    dependencies: health.list(),
  });
}

/** True if the table answers a read soon. */
async function answers(users: Pick<UserStore, 'get'>): Promise<boolean> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    limit = setTimeout(resolve, PROBE_MS, false);
  });
  const read = users.get('readiness-probe').then(
    () => true,
    () => false,
  );
  const answered = await Promise.race([read, late]);
  clearTimeout(limit);
  return answered;
}
