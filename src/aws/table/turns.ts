/**
 * When calls that gather what waits are made: at once while none is under way; else when that one has ended, at the end
 * of the turn of the event loop, so that all that has come meanwhile goes together. One call at a time makes the fewest
 * and largest calls. One that is slow (a connection that was lost) holds up nobody: what waits goes without it.
 */

/** DynamoDB answers nearly all calls in a fifth of this. */
const SLOW_MS = 100;
/** Calls at the same time, slow ones included. */
const CALLS = 8;

/** Answers what is to be called when something waits. `go` takes what waits, and never throws. */
export function createTurns(waits: () => boolean, go: () => Promise<void>): () => void {
  let underWay = 0;
  let slow = 0;
  let planned = false;

  const free = (): boolean => underWay === slow && underWay < CALLS;

  function plan(): void {
    if (!planned && free() && waits()) void call();
  }

  /** What goes on because of the answers comes first: it may have more that waits. */
  function planAfterThisTurn(): void {
    if (planned || !free()) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      plan();
    });
  }

  async function call(): Promise<void> {
    underWay++;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      slow++;
      plan();
    }, SLOW_MS);
    await go();
    clearTimeout(timer);
    underWay--;
    if (isSlow) slow--;
    planAfterThisTurn();
  }

  return plan;
}
