/** The table that people read. */
import type { Row } from './measure.ts';

export function printTable(rows: readonly Row[]): void {
  const cells = [
    ['', 'ours', 'other', 'ratio', 'floor', '', 'agreement'],
    ...rows.map((row) => [
      row.name,
      amount(row.ours, row.unit),
      amount(row.other, row.unit),
      `${row.ratio.toFixed(2)} x`,
      `${row.floor} x`,
      verdict(row),
      row.accuracy,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells) {
    const text = line.map((cell, i) =>
      i === 0 || i > 4 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    console.log(text.join('  ').trimEnd());
  }
}

function verdict({ ratio, floor, agrees }: Row): string {
  if (!agrees) return 'DIFFERS';
  return ratio >= floor ? 'ok' : 'below';
}

function amount(value: number, unit: Row['unit']): string {
  if (unit === 'MiB') return `${Math.round(value)} MiB`;
  return value < 1 ? `${(1000 * value).toFixed(1)} ms` : `${value.toFixed(2)} s`;
}
