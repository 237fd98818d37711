/** What a person sees of the demo: live progress of the jobs, then a table. */
import cliProgress from 'cli-progress';
import type { JobAnswer } from './api.ts';
import type { DemoJob } from './job.ts';

export interface ProgressView {
  update(mode: string, job: JobAnswer): void;
  stop(): void;
}

/** Bars on a terminal, one line per new step elsewhere. `write` gets the lines. */
export function progressView(modes: string[], quiet: boolean, write: (line: string) => void): ProgressView {
  if (quiet) return { update() {}, stop() {} };
  if (!process.stdout.isTTY) {
    const last = new Map<string, string>();
    return {
      update(mode, job) {
        const text = `${mode}  ${stepOf(job)}`;
        if (last.get(mode) === text) return;
        last.set(mode, text);
        write(text);
      },
      stop() {},
    };
  }
  const bars = new cliProgress.MultiBar({
    format: '{mode}  {bar} {percentage}%  {step}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: false,
  });
  const byMode = new Map(modes.map((mode) => [mode, bars.create(100, 0, { mode, step: 'queued' })]));
  return {
    update(mode, job) {
      byMode.get(mode)?.update(Math.round(100 * fractionOf(job)), { mode, step: stepOf(job) });
    },
    stop() {
      bars.stop();
    },
  };
}

function stepOf(job: JobAnswer): string {
  const inner = job.state === 'running' ? job.progress?.message : undefined;
  return inner ? `${job.state}: ${inner}` : job.state;
}

function fractionOf(job: JobAnswer): number {
  if (job.state === 'succeeded' || job.state === 'failed') return 1;
  return job.progress?.fraction ?? 0;
}

/** `0.0023` as `0.23 %`. */
export function percent(x: number | null): string {
  return x === null ? 'unknown' : `${(100 * x).toFixed(2)} %`;
}

/** The jobs of the demo as a table. */
export function resultTable(jobs: readonly DemoJob[]): string {
  return table(
    ['job', 'mode', 'account', 'platform', 'seconds', 'median SNR', 'deviation from truth'],
    jobs.map((job) => [
      'AC RSS',
      job.mode,
      job.account,
      job.platform ?? 'none',
      job.seconds.toFixed(1),
      job.medianSnr?.toFixed(2) ?? job.status,
      percent(job.deviation),
    ]),
  );
}

/** A plain table: columns as wide as their widest cell. */
function table(head: string[], rows: string[][]): string {
  const width = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(width[i]))
      .join('  ')
      .trimEnd();
  return [line(head), line(width.map((n) => '-'.repeat(n))), ...rows.map(line)].join('\n');
}
