/** The numbers of a result that people look for first. */
import type { Job } from '../../lib/api.ts';
import { bytes, duration, figure } from '../../lib/format.ts';

export function Figures({ job }: { job: Job }) {
  const { summary } = job;
  if (!summary) return null;
  const [columns, lines] = summary.matrix;
  const figures: [value: string, label: string][] = [
    [figure(summary.medianSnr), 'median SNR'],
    [figure(summary.maxSnr), 'maximum SNR'],
    [`${columns} × ${lines}`, summary.slices === 1 ? 'pixels' : `pixels, ${summary.slices} slices`],
    [String(summary.coils), summary.coils === 1 ? 'coil' : 'coils'],
    [job.seconds === undefined ? '–' : duration(job.seconds), 'run time'],
    [job.resultBytes === undefined ? '–' : bytes(job.resultBytes), 'result'],
  ];
  return (
    <section class="card figures" aria-label="Figures">
      {figures.map(([value, label]) => (
        <p key={label} class="figure">
          <strong>{value}</strong>
          <span>{label}</span>
        </p>
      ))}
    </section>
  );
}
