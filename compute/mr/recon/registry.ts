/** The reconstructions that exist, by the names of the task document. A new one is a line here. */
import { grappa } from './grappa.ts';
import type { Reconstruction } from './reconstruction.ts';
import { rss } from './rss.ts';

export const RECONSTRUCTIONS = { rss, grappa } satisfies Record<string, Reconstruction>;
