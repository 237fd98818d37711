/** Running several branches at once: what Parallel and Map share. */
import type { Json } from '../json.ts';
import type { Scope } from '../scope.ts';

/** The reason that a branch sees when a sibling has failed. */
class SiblingFailed extends Error {}

/**
 * Runs `count` branches, at most `limit` at a time, and returns their outputs in order. The first failure
 * stops all others; it is thrown once they have all come to rest.
 */
export async function runAll(
  scope: Scope,
  count: number,
  limit: number,
  runOne: (index: number, signal: AbortSignal) => Promise<Json>,
): Promise<Json[]> {
  const siblings = new AbortController();
  const signal = AbortSignal.any([scope.signal, siblings.signal]);
  const outputs: Json[] = new Array(count);
  const failures: unknown[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count && !signal.aborted) {
      const index = next++;
      try {
        outputs[index] = await runOne(index, signal);
      } catch (error) {
        failures.push(error);
        siblings.abort(new SiblingFailed());
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work));
  scope.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return outputs;
}
