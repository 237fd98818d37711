/** Planes of a map side by side in one colour scale. */
import { colourTable } from './colour.ts';
import type { Preview, PreviewPlane } from './preview.ts';
import type { Canvas } from './preview-canvas.ts';

/** Space between planes. */
const GAP = 6;
const MOST_PLANES = 64;

/** A mosaic of known size, ready to be drawn. */
export interface Mosaic {
  readonly width: number;
  readonly height: number;
  /** Draws it with its upper left corner at x, y. */
  draw(canvas: Canvas, x: number, y: number): void;
}

/**
 * The mosaic of a preview that fits into `stage` x `stage` pixels. Pixels of the map are shown at whole multiples of
 * their size, unless that would fill less than the part `leastFilled` of the stage.
 */
export function mosaicOf(preview: Preview, stage: number, leastFilled = 0): Mosaic {
  const planes = atMost(preview.planes, MOST_PLANES);
  const columns = columnsFor(planes.length, (preview.width / preview.height) * (1 / preview.pixelAspect));
  const rows = Math.ceil(planes.length / columns);
  const [tileWidth, tileHeight] = tileSize(preview, columns, rows, stage, leastFilled);
  return {
    width: columns * tileWidth + (columns - 1) * GAP,
    height: rows * tileHeight + (rows - 1) * GAP,
    draw(canvas, left, top) {
      const colours = colourTable();
      planes.forEach((plane, i) => {
        const x = left + (i % columns) * (tileWidth + GAP);
        const y = top + Math.floor(i / columns) * (tileHeight + GAP);
        drawPlane(canvas, preview, plane, x, y, tileWidth, tileHeight, colours);
      });
    },
  };
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

function tileSize(
  { width, height, pixelAspect }: Preview,
  columns: number,
  rows: number,
  stage: number,
  leastFilled: number,
): [number, number] {
  const room = Math.min(
    (stage - (columns - 1) * GAP) / columns / width,
    (stage - (rows - 1) * GAP) / rows / (height * pixelAspect),
  );
  // Whole multiples show every pixel at the same size; that is not possible when pixels are not square.
  const square = Math.abs(pixelAspect - 1) < 0.01;
  const whole = square && Math.floor(room) >= Math.max(1, leastFilled * room);
  const scale = whole ? Math.floor(room) : room;
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale * pixelAspect))];
}

/** Place in the colour table of a value. */
export function colourIndex(value: number, [low, high]: Preview['range']): number {
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
  const colourAt = (value: number): number => 3 * colourIndex(value, preview.range);
  if (width >= preview.width && height >= preview.height) {
    magnify(canvas, preview, plane.data, x, y, width, height, (value) => colours.subarray(colourAt(value)));
  } else {
    for (let row = 0; row < height; row++) {
      const [y0, y1] = [row / height, (row + 1) / height];
      for (let column = 0; column < width; column++) {
        const value = meanOver(plane.data, preview, column / width, (column + 1) / width, y0, y1);
        const c = colourAt(value);
        canvas.set(x + column, y + row, colours[c], colours[c + 1], colours[c + 2]);
      }
    }
  }
  if (plane.label !== '') canvas.text(x + 6, y + 15, plane.label, { colour: [240, 242, 246], size: 8 });
}

/** Every pixel of the plane as a rectangle. */
function magnify(
  canvas: Canvas,
  { width: columns, height: rows }: Preview,
  data: Float32Array,
  x: number,
  y: number,
  width: number,
  height: number,
  colourOf: (value: number) => ArrayLike<number>,
): void {
  // The first place whose centre lies in pixel i, as for reduced planes.
  const edge = (i: number, of: number, size: number): number => Math.ceil((i * size) / of - 0.5);
  for (let row = 0; row < rows; row++) {
    const top = edge(row, rows, height);
    const tall = edge(row + 1, rows, height) - top;
    for (let column = 0; column < columns; column++) {
      const left = edge(column, columns, width);
      const wide = edge(column + 1, columns, width) - left;
      const colour = colourOf(data[row * columns + column]);
      canvas.fill(x + left, y + top, wide, tall, [colour[0], colour[1], colour[2]]);
    }
  }
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
