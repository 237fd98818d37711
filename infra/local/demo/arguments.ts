/** Command line of the demo. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface DemoArguments {
  /** A person's own raw data; undefined: the phantom whose truth is known. */
  signal: string | undefined;
  noise: string | undefined;
  modes: ('mode_1' | 'mode_2')[];
  out: string;
  json: boolean;
  help: boolean;
}

export const USAGE = `npm run demo -- [options]

  --signal FILE   your own raw data: ISMRMRD .h5 or Siemens .dat (default: a phantom with known SNR)
  --noise FILE    its noise scan, if the signal file does not contain one
  --mode MODE     mode_1 or mode_2 (default: both)
  --out DIR       where results go (default: cloudmr-demo)
  --json          one JSON document on the last line
  --help          this text`;

/** Reads the command line. Throws Error with a sentence for people on anything it does not understand. */
export function readArguments(argv: string[]): DemoArguments {
  const { values } = parseArgs({
    args: argv,
    options: {
      signal: { type: 'string' },
      noise: { type: 'string' },
      mode: { type: 'string' },
      out: { type: 'string', default: 'cloudmr-demo' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { signal, noise, mode } = values;
  if (mode !== undefined && mode !== 'mode_1' && mode !== 'mode_2') {
    throw new Error(`--mode must be mode_1 or mode_2, not ${mode}`);
  }
  if (noise !== undefined && signal === undefined) throw new Error('--noise goes with --signal');
  for (const file of [signal, noise]) {
    if (file !== undefined && !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new Error(`there is no file ${file}`);
    }
  }
  return {
    signal: signal && resolve(signal),
    noise: noise && resolve(noise),
    modes: mode ? [mode] : ['mode_1', 'mode_2'],
    out: resolve(values.out),
    json: values.json,
    help: values.help,
  };
}
