/** Apps on the wire. */
import { z } from 'zod';
import { isoTime, shortText } from './common.ts';

const cloudApp = z.object({
  appId: z.string(),
  name: z.string(),
  description: z.string().meta({ examples: ['Signal-to-noise ratio maps of MRI raw data'] }),
  launchUrl: z.string().meta({ examples: ['/'] }),
  createdAt: isoTime,
  updatedAt: isoTime,
});

/** The app of this broker. */
export const APP: z.infer<typeof cloudApp> = {
  appId: 'mroptimum',
  name: 'MR Optimum',
  description: 'Signal-to-noise ratio maps of MRI raw data',
  launchUrl: '/',
  createdAt: '2026-02-01T00:00:00.000Z',
  updatedAt: '2026-02-01T00:00:00.000Z',
};

export const cloudAppList = z.object({ apps: z.array(cloudApp), count: z.number().int() });

export const cloudAppBody = z
  .object({
    name: shortText(100).meta({ examples: ['MR Optimum'] }),
    description: z.string().max(1_000).default(''),
    launchUrl: z.string().max(2_048).default('/'),
  })
  .meta({ examples: [{ name: 'MR Optimum', description: 'SNR maps of MRI raw data', launchUrl: '/' }] });

export const cloudAppAnswer = z.object({
  success: z.literal(true),
  appId: z.string(),
  data: z.object({ app: cloudApp }),
});
