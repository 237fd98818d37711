/**
 * Pictures of maps for people: all slices side by side in one colour scale, a bar that says what the
 * colours mean, a title and the headline numbers.
 */
import type { Rgb } from './colour.ts';
import { colourTable } from './colour.ts';
import { encodePng } from './png.ts';
import type { Canvas } from './preview-canvas.ts';
import { createCanvas, textWidth } from './preview-canvas.ts';

export interface PreviewPlane {
  /** Row by row from the top, `width` x `height` of the preview. */
  readonly data: Float32Array;
  /** Written in its corner; empty: nothing. */
  readonly label: string;
}

export interface Preview {
  readonly title: string;
  readonly subtitle: string;
  readonly footer: string;
  /** Pixels of a plane. */
  readonly width: number;
  readonly height: number;
  /** Height of a pixel over its width on the object. */
  readonly pixelAspect: number;
  readonly planes: readonly PreviewPlane[];
  /** Values at the ends of the colour bar; values beyond get the colour of the end. */
  readonly range: readonly [number, number];
  /** What the colours show, with its unit. */
  readonly unit: string;
}

const PAPER: Rgb = [255, 255, 255];
const INK: Rgb = [28, 30, 36];
const PALE: Rgb = [104, 108, 118];
const FRAME: Rgb = [198, 201, 208];

const MARGIN = 28;
const HEADER = 90;
const FOOTER = 46;
const GAP = 6;
const BAR_WIDTH = 20;
/** Room for all planes together. */
const STAGE = 640;
const MOST_PLANES = 64;

/** The bytes of a PNG of the preview. */
export function encodePreview(preview: Preview): Uint8Array {
  const planes = atMost(preview.planes, MOST_PLANES);
  const columns = columnsFor(planes.length, (preview.width / preview.height) * (1 / preview.pixelAspect));
  const rows = Math.ceil(planes.length / columns);
  const [tileWidth, tileHeight] = tileSize(preview, columns, rows);
  const stageWidth = columns * tileWidth + (columns - 1) * GAP;
  const stageHeight = Math.max(rows * tileHeight + (rows - 1) * GAP, 160);
  const ticks = ticksOf(preview.range);
  const tickWidth = Math.ceil(
    Math.max(...ticks.map((tick) => textWidth(tick.label, 11)), textWidth(preview.unit, 12)),
  );
  const headings = Math.max(
    textWidth(preview.title, 17),
    textWidth(preview.subtitle, 10),
    textWidth(preview.footer, 10),
  );
  const width = Math.ceil(
    Math.max(MARGIN + stageWidth + 24 + BAR_WIDTH + 12 + tickWidth, MARGIN + headings) + MARGIN,
  );
  const canvas = createCanvas(width, HEADER + 14 + stageHeight + FOOTER, PAPER);
  const top = HEADER + 14;

  canvas.text(MARGIN, 40, preview.title, { colour: INK, size: 17, bold: true });
  canvas.text(MARGIN, 65, preview.subtitle, { colour: PALE, size: 10 });
  const colours = colourTable();
  planes.forEach((plane, i) => {
    const x = MARGIN + (i % columns) * (tileWidth + GAP);
    const y = top + Math.floor(i / columns) * (tileHeight + GAP);
    drawPlane(canvas, preview, plane, x, y, tileWidth, tileHeight, colours);
  });
  drawBar(canvas, preview, ticks, MARGIN + stageWidth + 24, top, stageHeight, colours);
  canvas.text(MARGIN, top + stageHeight + 28, preview.footer, { colour: PALE, size: 10 });
  return encodePng(canvas.width, canvas.height, canvas.pixels);
}

/** Evenly spaced planes if there are too many to see. */
function atMost(planes: readonly PreviewPlane[], most: number): readonly PreviewPlane[] {
  if (planes.length <= most) return planes;
  return Array.from({ length: most }, (_, i) => planes[Math.round((i * (planes.length - 1)) / (most - 1))]);
}

/** Columns of the mosaic that make it about square; `aspect` is width over height of a plane. */
function columnsFor(count: number, aspect: number): number {
  return Math.min(count, Math.max(1, Math.round(Math.sqrt(count / aspect))));
}

function tileSize({ width, height, pixelAspect }: Preview, columns: number, rows: number): [number, number] {
  const room = Math.min(
    (STAGE - (columns - 1) * GAP) / columns / width,
    (STAGE - (rows - 1) * GAP) / rows / (height * pixelAspect),
  );
  // Whole multiples show every pixel at the same size; that is not possible when pixels are not square.
  const square = Math.abs(pixelAspect - 1) < 0.01;
  const scale = square && room >= 1 ? Math.floor(room) : room;
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale * pixelAspect))];
}

/** Colour index of a value. */
function indexOf(value: number, [low, high]: Preview['range']): number {
  if (!(high > low) || !(value > low)) return 0;
  return Math.min(255, Math.round((255 * (value - low)) / (high - low)));
}

function drawPlane(
  canvas: Canvas,
  preview: Preview,
  plane: PreviewPlane,
  x: number,
  y: number,
  width: number,
  height: number,
  colours: Uint8Array,
): void {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = meanOver(
        plane.data,
        preview,
        column / width,
        (column + 1) / width,
        row / height,
        (row + 1) / height,
      );
      const c = 3 * indexOf(value, preview.range);
      canvas.set(x + column, y + row, colours[c], colours[c + 1], colours[c + 2]);
    }
  }
  if (plane.label !== '') canvas.text(x + 6, y + 15, plane.label, { colour: [240, 242, 246], size: 8 });
}

/** Mean of the pixels whose centres lie in a rectangle of the plane (in fractions), or the nearest pixel. */
function meanOver(
  data: Float32Array,
  { width, height }: Preview,
  x0: number,
  x1: number,
  y0: number,
  y1: number,
): number {
  const firstX = Math.min(width - 1, Math.floor(((x0 + x1) / 2) * width));
  const firstY = Math.min(height - 1, Math.floor(((y0 + y1) / 2) * height));
  if ((x1 - x0) * width <= 1 && (y1 - y0) * height <= 1) return data[firstY * width + firstX];
  let sum = 0;
  let count = 0;
  for (let y = Math.floor(y0 * height); y < Math.max(y1 * height, firstY + 1) && y < height; y++) {
    for (let x = Math.floor(x0 * width); x < Math.max(x1 * width, firstX + 1) && x < width; x++) {
      sum += data[y * width + x];
      count += 1;
    }
  }
  return sum / count;
}

interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Ticks at round numbers, and at both ends unless a round number is close to them. */
function ticksOf([low, high]: Preview['range']): Tick[] {
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

function drawBar(
  canvas: Canvas,
  preview: Preview,
  ticks: readonly Tick[],
  x: number,
  top: number,
  height: number,
  colours: Uint8Array,
): void {
  const [low, high] = preview.range;
  canvas.text(x, top - 12, preview.unit, { colour: INK, size: 12, bold: true });
  canvas.fill(x - 1, top - 1, BAR_WIDTH + 2, height + 2, FRAME);
  for (let row = 0; row < height; row++) {
    const c = 3 * Math.round((255 * (height - 1 - row)) / (height - 1));
    canvas.fill(x, top + row, BAR_WIDTH, 1, [colours[c], colours[c + 1], colours[c + 2]]);
  }
  for (const { value, label: text } of ticks) {
    const fraction = high > low ? (value - low) / (high - low) : 0;
    const y = Math.round(top + (1 - fraction) * (height - 1));
    canvas.fill(x + BAR_WIDTH + 1, y, 5, 1, PALE);
    canvas.text(x + BAR_WIDTH + 10, y + 4, text, { colour: INK, size: 10 });
  }
}
