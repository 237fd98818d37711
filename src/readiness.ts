/** Whether this process can work, and what it works without. */
import type { UserStore } from '../services/ports.ts';
import type { Loop } from './loop.ts';
import type { Readiness } from './schemas/http/health.ts';

/** `/ready` waits this long for the table. */
const PROBE_MS = 2_000;

/** Creates the answer of `/ready`. */
export function createReadiness({
  users,
  loop,
}: {
  users: Pick<UserStore, 'get'>;
  loop: Pick<Loop, 'healthy'>;
}): () => Promise<Readiness> {
  return async () => ({ store: await answers(users), tick: loop.healthy() });
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
