/** A moving bar for people; silence where nobody watches. */
import { SingleBar } from 'cli-progress';
import type { Io } from './command.ts';

export interface Bar {
  /** `fraction` in [0, 1]. */
  show(fraction: number, message: string): void;
  stop(): void;
}

/** A bar that is gone when it stops. */
export function createBar({ terminal }: Pick<Io, 'terminal'>): Bar {
  if (!terminal) return { show: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {message}',
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0, { message: '' });
  return { show: (fraction, message) => bar.update(fraction, { message }), stop: () => bar.stop() };
}
