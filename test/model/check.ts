/**
 * Draws sequences and plays them. A failure prints how to play it again: MODEL_SEED and MODEL_PATH as variables of
 * the environment; MODEL_RUNS plays more or fewer.
 */
import { fc } from '../helpers/fast-check.ts';
import { play, sequence } from './play.ts';
import type { Promised } from './stopwatch.ts';
import type { Mutations } from './world.ts';

export interface Verdict {
  readonly runs: number;
  readonly seed: number;
  /** The smallest sequence that broke the promise, what broke, and how to play it again. */
  readonly failure: string | undefined;
  /** One line with seed and path, which comes first in what a test prints; empty if nothing broke. */
  readonly again: string;
  readonly events: ReadonlyMap<string, number>;
  /** The longest time that each promise took in all of them, ms. */
  readonly longest: ReadonlyMap<Promised, number>;
}

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = process.env;

/** Plays `runs` sequences, or until one breaks the promise. */
export async function check(runs: number, mutations?: Mutations): Promise<Verdict> {
  const events = new Map<string, number>();
  const longest = new Map<Promised, number>();
  const property = fc.asyncProperty(sequence, async (drawn) => {
    const outcome = await play(drawn, mutations);
    for (const [event, count] of outcome.events) events.set(event, (events.get(event) ?? 0) + count);
    for (const [what, ms] of outcome.longest) longest.set(what, Math.max(longest.get(what) ?? 0, ms));
    if (outcome.broken.length > 0) throw new Error(outcome.broken.join('\n'));
  });
  const details = await fc.check(property, {
    numRuns: Number(MODEL_RUNS ?? runs),
    // A planted bug must be found by whatever seed comes.
    ...(MODEL_SEED && !mutations ? { seed: Number(MODEL_SEED), path: MODEL_PATH } : {}),
    // Found is enough for a planted bug; a real one is made small.
    endOnFailure: mutations !== undefined,
  });
  const { numRuns, seed, failed, counterexample, counterexamplePath, errorInstance } = details;
  const again = failed ? `again with: MODEL_SEED=${seed} MODEL_PATH=${counterexamplePath}` : '';
  const failure = failed
    ? `${again}\n${String(errorInstance)}\n${JSON.stringify(counterexample)}`
    : undefined;
  return { runs: numRuns, seed, failure, again, events, longest };
}
