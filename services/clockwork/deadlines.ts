/**
 * The deadlines of the promise, in milliseconds: how long after a fault is gone a job may need at most for its next
 * step. README.md and ARCHITECTURE.md print them; the pauses of the services stay below them (test/services/deadlines.test.ts).
 */

/** A job that was accepted is started, or has failed. */
export const D_SUB_MS = 2 * 60_000;
/** The end of an execution is known, whether or not anybody reported it. */
export const D_CB_MS = 5 * 60_000;
/** Where the platform had no room: the next attempt, after there is room again. */
export const D_ROOM_MS = 15 * 60_000;
/** Where the unit was paused: its jobs are looked at, after it was opened again. */
export const D_OPEN_MS = 60_000;
/** Where more of them wait than are brought forward at once (jobs/waiting.ts): all of them. */
export const D_OPEN_MANY_MS = 5 * 60_000;
/** A cancel is proven, or the job says what still runs. */
export const D_CANCEL_MS = 5 * 60_000;
/** The state machine gives up after this (job.asl.json). */
export const EXECUTION_LIMIT_MS = 6 * 3_600_000;
/** After the start of an attempt: whatever cannot be known by then is `lost`. */
export const D_JOB_MS = EXECUTION_LIMIT_MS + 10 * 60_000;
/** A lost attempt whose execution turns up within this time is taken up again (late-repair.ts). */
export const REPAIR_MS = 7 * 24 * 3_600_000;
