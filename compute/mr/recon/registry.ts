/** The reconstructions that exist, by the names of the task document. A new one is a line here. */
import { b1 } from './b1.ts';
import { espirit } from './espirit.ts';
import { grappa } from './grappa.ts';
import type { Reconstruction } from './reconstruction.ts';
import { rss } from './rss.ts';
import { sense } from './sense.ts';

export const RECONSTRUCTIONS = { rss, b1, sense, grappa, espirit } satisfies Record<string, Reconstruction>;
