/** Bar charts on a canvas: a histogram in the colours of its map, and a bar per coil. */
import { colourTable } from './colour.ts';
import { colourIndex } from './mosaic.ts';
import type { Canvas } from './preview-canvas.ts';
import { textWidth } from './preview-canvas.ts';
import { FRAME, INK, PALE, PAPER, ticksOf } from './scale.ts';

/** Where a chart is drawn: its axes; numbers and titles stand outside. */
export interface ChartBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface HistogramChart {
  /** Pixels per bin; the bins divide `range` evenly. */
  readonly counts: readonly number[];
  readonly range: readonly [number, number];
  /** Values that the colours of the map belong to. */
  readonly colours: readonly [number, number];
  readonly median: number | null;
  readonly medianLabel: string;
  readonly unit: string;
}

const SIZE = 11;
/** Part of the height that the tallest bar takes. */
const TALLEST = 0.92;

/** Draws a histogram: bars in the colours of the map, the median as a line with its value. */
export function drawHistogram(canvas: Canvas, chart: HistogramChart, box: ChartBox): void {
  const { counts, range, median } = chart;
  const [low, high] = range;
  const colours = colourTable();
  const most = Math.max(1, ...counts);
  const bottom = box.y + box.height;
  counts.forEach((count, i) => {
    const left = Math.round(box.x + (i * box.width) / counts.length);
    const right = Math.round(box.x + ((i + 1) * box.width) / counts.length) - 1;
    const height = Math.round((TALLEST * box.height * count) / most);
    const middle = low + ((i + 0.5) * (high - low)) / counts.length;
    const c = 3 * colourIndex(middle, chart.colours);
    canvas.fill(left, bottom - height, Math.max(1, right - left), height, [
      colours[c],
      colours[c + 1],
      colours[c + 2],
    ]);
  });
  drawAxis(canvas, box, range, chart.unit);
  if (median === null || !(high > low)) return;
  const at = Math.round(box.x + (box.width * (median - low)) / (high - low));
  canvas.fill(at - 2, box.y, 5, box.height, PAPER);
  canvas.fill(at - 1, box.y, 3, box.height, INK);
  const right = at + 12 + textWidth(chart.medianLabel, SIZE + 2) < box.x + box.width;
  const label = { colour: INK, size: SIZE + 2, bold: true, align: right ? 'left' : 'right' } as const;
  const width = textWidth(chart.medianLabel, SIZE + 2);
  const start = right ? at + 12 : at - 12 - width;
  canvas.fill(Math.floor(start) - 4, box.y - 4, Math.ceil(width) + 8, SIZE + 12, PAPER);
  canvas.text(right ? at + 12 : at - 12, box.y + SIZE + 2, chart.medianLabel, label);
}

function drawAxis(canvas: Canvas, box: ChartBox, range: readonly [number, number], unit: string): void {
  const [low, high] = range;
  const bottom = box.y + box.height;
  canvas.fill(box.x, bottom, box.width, 1, FRAME);
  const end = box.x + box.width - textWidth(unit, SIZE);
  for (const { value, label } of ticksOf(range)) {
    const x = Math.round(box.x + (high > low ? (box.width * (value - low)) / (high - low) : 0));
    canvas.fill(x, bottom, 1, 6, PALE);
    // The last number gives way to the name of the axis.
    if (x + textWidth(label, SIZE) / 2 + 8 > end) continue;
    canvas.text(x, bottom + 10 + SIZE, label, { colour: PALE, size: SIZE, align: 'centre' });
  }
  canvas.text(box.x + box.width, bottom + 10 + SIZE, unit, { colour: PALE, size: SIZE, align: 'right' });
}

export interface CoilChart {
  /** One value per coil, none negative. */
  readonly values: readonly number[];
  /** What the bars are relative to: a line across at this value. */
  readonly reference: number;
}

/** Draws one bar per coil with its number below, as far as there is room for numbers. */
export function drawCoilBars(canvas: Canvas, { values, reference }: CoilChart, box: ChartBox): void {
  const colours = colourTable();
  const top = Math.max(1e-30, ...values, reference) / TALLEST;
  const bottom = box.y + box.height;
  const step = Math.max(1, Math.ceil((values.length * (textWidth('888', SIZE - 1) + 6)) / box.width));
  values.forEach((value, i) => {
    const left = Math.round(box.x + ((i + 0.12) * box.width) / values.length);
    const right = Math.round(box.x + ((i + 0.88) * box.width) / values.length);
    const height = Math.round((box.height * value) / top);
    const c = 3 * 110;
    canvas.fill(left, bottom - height, Math.max(1, right - left), height, [
      colours[c],
      colours[c + 1],
      colours[c + 2],
    ]);
    if (i % step !== 0) return;
    const style = { colour: PALE, size: SIZE - 1, align: 'centre' } as const;
    canvas.text((left + right) / 2, bottom + 8 + SIZE, `${i}`, style);
  });
  canvas.fill(box.x, bottom, box.width, 1, FRAME);
  const line = Math.round(bottom - (box.height * reference) / top);
  for (let x = box.x; x < box.x + box.width; x += 10) canvas.fill(x, line, 5, 1, INK);
}
