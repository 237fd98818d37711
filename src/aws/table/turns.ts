/**
 * When calls that gather what waits are made: at once while none is under way; else at the end of a turn of the event
 * loop, so that all that came in that turn goes together, and never more than a few at the same time.
 */

/** Calls under way at the same time; what comes then waits for one of them to end. */
const CALLS = 2;

/** Answers what is to be called when something waits. `go` takes what waits, and never throws. */
export function createTurns(waits: () => boolean, go: () => Promise<void>): () => void {
  let underWay = 0;
  let planned = false;

  function plan(): void {
    if (planned || underWay >= CALLS || !waits()) return;
    if (underWay === 0) {
      void call();
      return;
    }
    planned = true;
    setImmediate(() => {
      planned = false;
      if (waits()) void call();
    });
  }

  async function call(): Promise<void> {
    underWay++;
    await go();
    underWay--;
    plan();
  }

  return plan;
}
