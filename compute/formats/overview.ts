/**
 * The whole result on one picture of the shape of a slide: the SNR maps, how the SNR is distributed, the noise of
 * the coils, the g-factor if there is one, and the numbers that people ask for first.
 */
import type { CoilChart, HistogramChart } from './chart.ts';
import { drawCoilBars, drawHistogram } from './chart.ts';
import { mosaicOf } from './mosaic.ts';
import { encodePng } from './png.ts';
import type { Preview } from './preview.ts';
import type { Canvas } from './preview-canvas.ts';
import { createCanvas, textWidth } from './preview-canvas.ts';
import { barWidth, drawBar, FRAME, INK, PALE, PAPER } from './scale.ts';

export interface Overview {
  readonly title: string;
  readonly subtitle: string;
  readonly footer: string;
  /** The maps in the middle of interest. */
  readonly main: Preview;
  readonly histogram: HistogramChart & { readonly title: string };
  /** Smaller pictures under the histogram, two at most. */
  readonly panels: readonly OverviewPanel[];
  readonly numbers: readonly { readonly label: string; readonly value: string }[];
}

export type OverviewPanel =
  | { readonly kind: 'map'; readonly title: string; readonly map: Preview }
  | { readonly kind: 'coils'; readonly title: string; readonly chart: CoilChart };

const WIDTH = 1600;
const HEIGHT = 900;
const MARGIN = 56;
const TOP = 150;
/** Side of the square for the main maps. */
const STAGE = 576;
/** Left edge of the column on the right. */
const RIGHT = 824;
const HISTOGRAM_HEIGHT = 210;
const PANEL_TOP = 474;
const PANEL = 252;
const NUMBERS = 806;
/** Part of the stage that whole multiples of pixels must fill. */
const LEAST_FILLED = 0.9;

/** The bytes of a PNG of 1600 x 900 pixels. */
export function encodeOverview(overview: Overview): Uint8Array {
  const canvas = createCanvas(WIDTH, HEIGHT, PAPER);
  canvas.text(MARGIN, 64, overview.title, { colour: INK, size: 24, bold: true });
  canvas.text(MARGIN, 96, shortened(overview.subtitle, 12, WIDTH - 2 * MARGIN), { colour: PALE, size: 12 });
  drawMain(canvas, overview.main);
  canvas.text(RIGHT, TOP - 12, overview.histogram.title, { colour: INK, size: 13, bold: true });
  const box = { x: RIGHT, y: TOP + 12, width: WIDTH - MARGIN - RIGHT, height: HISTOGRAM_HEIGHT };
  drawHistogram(canvas, overview.histogram, box);
  const half = (WIDTH - MARGIN - RIGHT) / 2;
  for (const [i, panel] of overview.panels.slice(0, 2).entries())
    drawPanel(canvas, panel, RIGHT + i * (half + 16));
  drawNumbers(canvas, overview.numbers);
  canvas.text(MARGIN, HEIGHT - 18, shortened(overview.footer, 9, WIDTH - 2 * MARGIN), {
    colour: PALE,
    size: 9,
  });
  return encodePng(canvas.width, canvas.height, canvas.pixels);
}

function drawMain(canvas: Canvas, main: Preview): void {
  const mosaic = mosaicOf(main, STAGE, LEAST_FILLED);
  const { range, unit } = main;
  const height = Math.max(mosaic.height, STAGE / 2);
  const bar = { range, unit, height, size: 12 };
  const room = RIGHT - 48 - MARGIN - 24 - barWidth(bar);
  const x = MARGIN + Math.max(0, Math.floor(Math.min(room, STAGE) - mosaic.width) / 2);
  const y = TOP + Math.floor((STAGE - mosaic.height) / 2);
  mosaic.draw(canvas, Math.floor(x), y);
  drawBar(canvas, bar, Math.floor(x) + mosaic.width + 24, TOP + Math.floor((STAGE - height) / 2));
}

function drawPanel(canvas: Canvas, panel: OverviewPanel, x: number): void {
  canvas.text(x, PANEL_TOP - 20, panel.title, { colour: INK, size: 13, bold: true });
  if (panel.kind === 'coils') {
    const box = { x, y: PANEL_TOP, width: WIDTH - MARGIN - x, height: PANEL - 22 };
    drawCoilBars(canvas, panel.chart, box);
    return;
  }
  const mosaic = mosaicOf(panel.map, PANEL, LEAST_FILLED);
  mosaic.draw(canvas, x, PANEL_TOP);
  const height = Math.max(mosaic.height, PANEL / 2);
  const bar = { range: panel.map.range, unit: panel.map.unit, height, size: 10 };
  drawBar(canvas, bar, x + mosaic.width + 14, PANEL_TOP);
}

/** A row of numbers, each over what it means, with even gaps between them. */
function drawNumbers(canvas: Canvas, numbers: Overview['numbers']): void {
  canvas.fill(MARGIN, NUMBERS - 46, WIDTH - 2 * MARGIN, 1, FRAME);
  const room = WIDTH - 2 * MARGIN;
  const most = room / Math.max(1, numbers.length) + 24;
  const cells = numbers.map(({ label, value }) => {
    const short = shortened(label, 10, most);
    return { short, value, width: Math.max(textWidth(short, 10), textWidth(value, 19)) };
  });
  const used = cells.reduce((sum, { width }) => sum + width, 0);
  const gap = Math.min(96, Math.max(12, (room - used) / Math.max(1, cells.length - 1)));
  let x = MARGIN;
  for (const { short, value, width } of cells) {
    canvas.text(x, NUMBERS, value, { colour: INK, size: 19, bold: true });
    canvas.text(x, NUMBERS + 25, short, { colour: PALE, size: 10 });
    x += width + gap;
  }
}

/** The text, cut with an ellipsis to a width in pixels. */
function shortened(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  let kept = text;
  while (kept.length > 0 && textWidth(`${kept}...`, size) > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}...`;
}
