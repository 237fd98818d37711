/** The one reader of the environment in the embedded cloud. */
import { z } from 'zod';

const settings = z.object({
  CLOUDMR_LOCAL_DIR: z
    .string({ error: 'must name the directory of the embedded cloud, e.g. .cloudmr/cloud' })
    .min(1),
  CLOUDMR_LOCAL_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});

export interface LocalSettings {
  readonly dir: string;
  /** 0: the port of the last start of this directory if it is free, else any. */
  readonly port: number;
}

/** Throws an Error that names each variable which is wrong. */
export function readLocalSettings(environment: NodeJS.ProcessEnv = process.env): LocalSettings {
  const parsed = settings.safeParse(environment);
  if (!parsed.success) {
    throw new Error(`The embedded cloud cannot start: ${z.prettifyError(parsed.error)}`);
  }
  return { dir: parsed.data.CLOUDMR_LOCAL_DIR, port: parsed.data.CLOUDMR_LOCAL_PORT };
}
