/** `cloudmr snr`: an SNR task on this machine, without any cloud. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runLocally } from '../../../compute/command-line.ts';
import { toWorkerError } from '../../../compute/errors.ts';
import type { RunOutcome, RunProgress } from '../../../compute/run.ts';
import { createBar } from '../bar.ts';
import { type Io, UsageError } from '../command.ts';

const USAGE = `Usage: cloudmr snr -j task.json -o OUT [options]

  -j, --joptions FILE   task document (version v0), or a job with one; its files are of type "local"
  -o, --output FOLDER   gets info.json, data/*.nii.gz, data/*.png and matlab.mat
  -l, --log FILE        gets the log as JSON
      --coilsens        also coil sensitivities
      --gfactor         also g-factor maps
      --matlab          also matlab.mat
      --verbose         every step on its own line
      --no-parallel     on one thread; the results are the same
      --threads N       on so many threads
      --json            one JSON document on standard output instead of text

Example:
  $ cloudmr snr -j docs/examples/snr-of-my-coil.json -o alone
`;

const options = {
  joptions: { type: 'string', short: 'j' },
  output: { type: 'string', short: 'o' },
  log: { type: 'string', short: 'l' },
  coilsens: { type: 'boolean' },
  gfactor: { type: 'boolean' },
  matlab: { type: 'boolean' },
  verbose: { type: 'boolean' },
  parallel: { type: 'boolean' },
  threads: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** For completion. */
export const SNR_FLAGS = Object.keys(options);

/** Runs with the arguments behind `snr`. Returns the exit code; throws UsageError. */
export async function snr(args: string[], io: Io): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.out(USAGE);
    return 0;
  }
  const values = parsed(args);
  if (!values.joptions) throw new UsageError('-j names the task document; cloudmr snr --help says more');
  if (!values.output)
    throw new UsageError('-o names the folder for the results; cloudmr snr --help says more');
  const progress = createDisplay({ ...io, terminal: io.terminal && !values.json }, values.verbose === true);
  const given = { coilsensitivity: values.coilsens, gfactor: values.gfactor, matlab: values.matlab };
  try {
    const outcome = await runLocally({
      taskFile: values.joptions,
      outFolder: values.output,
      logFile: values.log,
      threads: threadsOf(values),
      output: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      clock: Date.now,
      onProgress: progress.show,
    });
    progress.stop();
    if (values.json) io.out(JSON.stringify(documentOf(outcome, values.output)));
    else summarise(outcome, values.output, io);
    return 0;
  } catch (error) {
    progress.stop();
    const { code, message, remedy } = toWorkerError(error);
    io.err(`cloudmr snr failed (${code}): ${message}`);
    io.err(remedy);
    if (values.json) io.out(JSON.stringify({ error: { code, message, remedy } }));
    return 1;
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options, allowNegative: true }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function threadsOf({ parallel, threads }: { parallel?: boolean; threads?: string }): number | undefined {
  if (threads === undefined) return parallel === false ? 1 : undefined;
  const count = Number(threads);
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new UsageError('--threads is 1 to 64');
  return count;
}

interface Display {
  readonly show: (progress: RunProgress) => void;
  readonly stop: () => void;
}

/** A bar on a terminal, a line per step if asked for, otherwise silence. */
function createDisplay(io: Io, verbose: boolean): Display {
  if (verbose) {
    const show = ({ fraction, message }: RunProgress): void =>
      io.err(
        `${Math.round(100 * fraction)
          .toString()
          .padStart(3)} %  ${message}`,
      );
    return { show, stop: () => undefined };
  }
  const bar = createBar(io);
  return { show: ({ fraction, message }) => bar.show(fraction, message), stop: bar.stop };
}

function documentOf({ summary, warnings, files }: RunOutcome, folder: string): object {
  return { folder, summary, warnings, files: files.map(({ name }) => join(folder, name)) };
}

function summarise({ summary, warnings }: RunOutcome, folder: string, io: Io): void {
  const { medianSnr, maxSnr, coils, matrix, slices } = summary;
  const number = (value: number | null): string => (value === null ? 'none' : value.toFixed(1));
  io.out(`SNR      median ${number(medianSnr)} in the object, maximum ${number(maxSnr)}`);
  io.out(`signal   ${coils} coils, ${matrix.join(' x ')}, ${slices} slice${slices === 1 ? '' : 's'}`);
  io.out(`map      ${join(folder, 'data', 'SNR.nii.gz')}`);
  io.out(`picture  ${join(folder, 'data', 'SNR.png')}`);
  for (const warning of warnings) io.err(`warning  ${warning}`);
}
