/** The flags of `npm run drill`. */
import { parseArgs } from 'node:util';

export interface DrillOptions {
  readonly jobs: number;
  readonly kills: number;
  /** Percent of the calls to AWS that fail, half of them before and half after their effect. */
  readonly failing: number;
  /** Percent of the callbacks that never leave the worker. */
  readonly lostCallbacks: number;
  /** How long to wait for the last job once it is quiet. */
  readonly settleLimitSeconds: number;
}

const USAGE = `Usage: npm run drill -- [--jobs N] [--kills N] [--failing PERCENT] [--lost-callbacks PERCENT]
                        [--settle-limit SECONDS] [--json]
  --jobs N                  jobs that are submitted (default 1000)
  --kills N                 times that a broker is killed with signal 9 (default 100)
  --failing PERCENT         of the calls to AWS, before or after their effect (default 20)
  --lost-callbacks PERCENT  reports of workers that never arrive (default 30)
  --settle-limit SECONDS    how long is waited for the last end (default 300)
  --json                    the figures as JSON, on the last line`;

/** What is asked for; or what to print instead, and with which exit code. */
export type Asked =
  | { readonly drill: DrillOptions; readonly json: boolean }
  | { readonly exitCode: 0 | 2; readonly text: string };

/** Reads the arguments; no number is taken for another one. */
export function drillOptions(args: string[]): Asked {
  try {
    const { values } = parseArgs({
      args,
      options: {
        jobs: { type: 'string', default: '1000' },
        kills: { type: 'string', default: '100' },
        failing: { type: 'string', default: '20' },
        'lost-callbacks': { type: 'string', default: '30' },
        'settle-limit': { type: 'string', default: '300' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { exitCode: 0, text: USAGE };
    const number = (
      name: Exclude<keyof typeof values, 'json' | 'help'>,
      least: number,
      most: number,
    ): number => {
      const value = /^\d+$/.test(values[name]) ? Number(values[name]) : Number.NaN;
      if (value >= least && value <= most) return value;
      throw new Error(`--${name} is a whole number from ${least} to ${most}`);
    };
    const drill = {
      jobs: number('jobs', 1, 100_000),
      kills: number('kills', 0, 10_000),
      failing: number('failing', 0, 90),
      lostCallbacks: number('lost-callbacks', 0, 100),
      settleLimitSeconds: number('settle-limit', 1, 86_400),
    };
    return { drill, json: values.json };
  } catch (error) {
    return { exitCode: 2, text: `${(error as Error).message}\n${USAGE}` };
  }
}
