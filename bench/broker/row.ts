/** One line of the benchmark's table, and how lines are made and printed. */

/** `ratio` says how much better than `other` we are; `floor` is what is asked of it. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly other: number;
  readonly ratio: number;
  readonly floor: number;
  readonly unit: string;
  /** What `other` is, and what was made sure of meanwhile. */
  readonly note: string;
}

/** A row of which less is better: times, calls. None where none is allowed is as good as asked. */
export function lessIsBetter(row: Omit<Row, 'ratio'>): Row {
  const none = row.other === 0 ? 1 : Number.POSITIVE_INFINITY;
  return { ...row, ratio: row.ours === 0 ? none : row.other / row.ours };
}

/** A row of which more is better: requests per second. */
export function moreIsBetter(row: Omit<Row, 'ratio'>): Row {
  return { ...row, ratio: row.ours / row.other };
}

/** The value below which `share` of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** CPU microseconds of this process per call of `work`, which is called `times` times, one after the other. */
export async function cpuMicroseconds(times: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

export function printTable(rows: readonly Row[]): void {
  const cells = [
    ['', 'ours', 'other', 'unit', 'ratio', 'floor', '', ''],
    ...rows.map(({ name, ours, other, unit, ratio, floor, note }) => [
      name,
      amount(ours),
      amount(other),
      unit,
      `${ratio.toFixed(2)} x`,
      `${floor.toFixed(2)} x`,
      ratio >= floor ? 'ok' : 'BELOW',
      note,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
}

function amount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);
}
