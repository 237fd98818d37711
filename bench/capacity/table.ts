/** The table of the capacity plan, as docs/CAPACITY.md shows it. */
import { type Stage, type Step, simulate } from './simulate.ts';

export const STEPS = [1e3, 1e4, 1e5, 1e6, 1e7] as const;

/** The simulated steps as a Markdown table. */
export function capacityTable(): string {
  const head = [
    'jobs a day',
    'busiest hour, jobs/s',
    'brokers',
    'quota that binds',
    'its use',
    'quota that binds starts',
    'its use',
    'its use in a new account',
    'wait for a start, p99',
    'not started after the hour',
    'fail for want of room',
    'in a new account',
    'wait for an end, p99',
    'ends not seen after the hour',
    'DescribeExecution taken, per second',
    'USD per job',
    'of that the broker',
  ];
  const lines = [head, head.map(() => '---'), ...STEPS.map((jobs) => cells(simulate(jobs)))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function cells(step: Step): string[] {
  return [
    step.jobsPerDay.toLocaleString('en'),
    step.peakPerSecond < 10 ? step.peakPerSecond.toFixed(2) : step.peakPerSecond.toFixed(0),
    String(step.brokers),
    step.binds.name,
    percent(step.use),
    step.starts.binds.name,
    percent(step.starts.use),
    percent(step.newAccountUse),
    ...stage(step.starts),
    percent(step.failed / step.ofHour),
    percent(step.failedInNewAccount / step.ofHour),
    ...stage(step.ends),
    step.describes.toFixed(step.describes < 10 ? 1 : 0),
    step.usdPerJob.toFixed(4),
    step.brokerUsdPerJob.toFixed(5),
  ];
}

const stage = ({ waitP99, waiting }: Stage): string[] => [`${waitP99} s`, waiting.toLocaleString('en')];
const percent = (use: number): string => `${(100 * use).toFixed(use < 0.1 ? 1 : 0)} %`;
