/** The table of the capacity plan, as docs/CAPACITY.md shows it. */
import { type Step, simulate } from './simulate.ts';

export const STEPS = [1e3, 1e4, 1e5, 1e6, 1e7] as const;

/** The simulated steps as a Markdown table. */
export function capacityTable(): string {
  const head = [
    'jobs a day',
    'busiest hour, jobs/s',
    'brokers',
    'quota that binds',
    'its use',
    'its use in a new account',
    'wait for a start, p99',
    'still waiting after the hour',
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
    percent(step.newAccountUse),
    `${step.waitP99} s`,
    step.waiting.toLocaleString('en'),
    step.usdPerJob.toFixed(4),
    step.brokerUsdPerJob.toFixed(5),
  ];
}

const percent = (use: number): string => `${(100 * use).toFixed(use < 0.1 ? 1 : 0)} %`;
