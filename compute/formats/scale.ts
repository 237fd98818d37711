/** Ticks at round numbers, and the bar that says what the colours mean. */
import type { Rgb } from './colour.ts';
import { colourTable } from './colour.ts';
import type { Canvas } from './preview-canvas.ts';
import { textWidth } from './preview-canvas.ts';

export const PAPER: Rgb = [255, 255, 255];
export const INK: Rgb = [28, 30, 36];
export const PALE: Rgb = [104, 108, 118];
export const FRAME: Rgb = [198, 201, 208];

const BAR_WIDTH = 20;

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Ticks at round numbers, and at both ends unless a round number is close to them. */
export function ticksOf([low, high]: readonly [number, number]): Tick[] {
  const span = high - low || 1;
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const ticks = [low, high].map((value) => ({ value, label: label(value, step / 10) }));
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    const near = Math.min(value - low, high - value) < 0.06 * span;
    if (!near) ticks.push({ value, label: label(value, step) });
  }
  return ticks;
}

/** A number with as many decimals as a step of that size needs. */
function label(value: number, step: number): string {
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const text = value.toFixed(decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A colour bar with its unit above it. */
export interface ColourBar {
  readonly range: readonly [number, number];
  readonly unit: string;
  readonly height: number;
  /** Height of its letters; the unit is a little larger. */
  readonly size: number;
}

/** Width of a bar with its numbers. */
export function barWidth({ range, unit, size }: Omit<ColourBar, 'height'>): number {
  const labels = ticksOf(range).map((tick) => textWidth(tick.label, size + 1));
  return BAR_WIDTH + 12 + Math.ceil(Math.max(...labels, textWidth(unit, size + 2)));
}

/** Draws a bar with its upper left corner at x, y. */
export function drawBar(canvas: Canvas, bar: ColourBar, x: number, top: number): void {
  const { range, unit, height, size } = bar;
  const [low, high] = range;
  const colours = colourTable();
  canvas.text(x, top - 12, unit, { colour: INK, size: size + 2, bold: true });
  canvas.fill(x - 1, top - 1, BAR_WIDTH + 2, height + 2, FRAME);
  for (let row = 0; row < height; row++) {
    const c = 3 * Math.round((255 * (height - 1 - row)) / (height - 1));
    canvas.fill(x, top + row, BAR_WIDTH, 1, [colours[c], colours[c + 1], colours[c + 2]]);
  }
  for (const { value, label: text } of ticksOf(range)) {
    const fraction = high > low ? (value - low) / (high - low) : 0;
    const y = Math.round(top + (1 - fraction) * (height - 1));
    canvas.fill(x + BAR_WIDTH + 1, y, 5, 1, PALE);
    canvas.text(x + BAR_WIDTH + 10, y + Math.round(0.4 * size), text, { colour: INK, size });
  }
}
