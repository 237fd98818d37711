/**
 * Where a machine stands: the top machine has one frame (path ''), each branch of a Parallel and each
 * iteration of a Map its own (`0`, `2/1`). A frame is in one state at a time, so child paths never clash.
 */
import type { Json } from './json.ts';

export interface Frame {
  state: string;
  /** Raw input of the state. */
  input: Json;
  /** Set once StateEntered is in the history. */
  entered?: { at: string; eventId: number };
  /** Event that the next one of this frame follows. */
  lastEventId: number;
  /** Retries made in this state, per entry of Retry. */
  retries: number[];
  /** Epoch ms until which the state waits: the end of a Wait, or of the pause before a retry. */
  dueAt?: number;
  /** A machine that reached its end: its output. */
  done?: { output: Json };
}
