/** A thread that works on slices: the plan of the job once, then slices and pieces of them as they come. */
import { parentPort, workerData } from 'node:worker_threads';
import { toWorkerError } from '../errors.ts';
import { RECONSTRUCTIONS } from '../mr/recon/registry.ts';
import { METHODS } from '../mr/snr/registry.ts';
import { createSliceWork } from '../slice-work.ts';
import type { ThreadAnswer, ThreadRequest, ThreadStart } from './messages.ts';
import { createOwnSlice } from './shared.ts';

const { plan, method, reconstruction, noise } = workerData as ThreadStart;
const work = createSliceWork(
  { ...plan, method: METHODS[method], reconstruction: RECONSTRUCTIONS[reconstruction] },
  noise,
);

// A slice is used up when the next begins, a repetition when its piece is done.
const ownSlice = createOwnSlice();
const ownRepetition = createOwnSlice();

parentPort?.on('message', (request: ThreadRequest) => {
  try {
    if (request.do === 'begin') {
      const { number, acquired } = request.input;
      send({ value: work.begin({ ...request.input, number, acquired: ownSlice(acquired) }) });
      return;
    }
    const { index, repetition } = request;
    const result = work.piece(index, repetition && ownRepetition(repetition));
    send({ value: result }, [result.buffer as ArrayBuffer]);
  } catch (error) {
    const { code, message, remedy } = toWorkerError(error);
    send({ failed: { code, message, remedy } });
  }
});

function send(answer: ThreadAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(answer, transfer);
}
