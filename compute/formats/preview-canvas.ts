/** A canvas of opaque RGB pixels with just what previews need: rectangles, pixels, smooth text. */
import type { Rgb } from './colour.ts';
import { glyphOf } from './preview-font.ts';

/** Space between letters, in units of the typeface. */
const TRACKING = 0.9;
/** Height of capitals, in units of the typeface. */
const CAPITALS = 7;

export interface TextStyle {
  readonly colour: Rgb;
  /** Height of capitals in pixels. */
  readonly size: number;
  readonly align?: 'left' | 'centre' | 'right';
  readonly bold?: boolean;
}

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Three bytes per pixel. */
  readonly pixels: Uint8Array;
  fill(x: number, y: number, width: number, height: number, colour: Rgb): void;
  set(x: number, y: number, red: number, green: number, blue: number): void;
  /** Writes `text` with its baseline at y; x is the left end, the centre or the right end. */
  text(x: number, y: number, text: string, style: TextStyle): void;
}

/** Width of a text in pixels. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const character of text) units += glyphOf(character).advance + TRACKING;
  return (Math.max(0, units - TRACKING) * size) / CAPITALS;
}

/** A canvas of one colour. */
export function createCanvas(width: number, height: number, background: Rgb): Canvas {
  const pixels = new Uint8Array(3 * width * height);

  function set(x: number, y: number, red: number, green: number, blue: number): void {
    const p = 3 * (y * width + x);
    pixels[p] = red;
    pixels[p + 1] = green;
    pixels[p + 2] = blue;
  }

  function fill(x: number, y: number, w: number, h: number, [red, green, blue]: Rgb): void {
    const right = Math.min(width, x + w);
    const bottom = Math.min(height, y + h);
    const left = Math.max(0, x);
    const top = Math.max(0, y);
    if (right <= left || bottom <= top) return;
    for (let column = left; column < right; column++) set(column, top, red, green, blue);
    const first = 3 * (top * width + left);
    const end = first + 3 * (right - left);
    for (let row = top + 1; row < bottom; row++) pixels.copyWithin(3 * (row * width + left), first, end);
  }

  /** Draws a line with round ends: full colour within `radius`, fading over one pixel. */
  function segment(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    radius: number,
    cover: Map<number, number>,
  ): void {
    const reach = radius + 1;
    const dx = bx - ax;
    const dy = by - ay;
    const square = dx * dx + dy * dy;
    const x0 = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const x1 = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach));
    const y0 = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const y1 = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const px = x + 0.5 - ax;
        const py = y + 0.5 - ay;
        const t = square > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0;
        const opacity = Math.min(1, radius + 0.5 - Math.hypot(px - t * dx, py - t * dy));
        const p = y * width + x;
        if (opacity > (cover.get(p) ?? 0)) cover.set(p, opacity);
      }
    }
  }

  function text(x: number, y: number, content: string, style: TextStyle): void {
    const { colour, size, align = 'left', bold = false } = style;
    const scale = size / CAPITALS;
    const radius = (bold ? 0.62 : 0.42) * scale;
    const shift = { left: 0, centre: 0.5, right: 1 }[align];
    let pen = x - shift * textWidth(content, size);
    const cover = new Map<number, number>();
    for (const character of content) {
      const { advance, strokes } = glyphOf(character);
      for (const stroke of strokes) {
        for (let i = 0; i + 3 < stroke.length; i += 2) {
          const [ax, ay, bx, by] = stroke.slice(i, i + 4);
          segment(pen + ax * scale, y - ay * scale, pen + bx * scale, y - by * scale, radius, cover);
        }
      }
      pen += (advance + TRACKING) * scale;
    }
    for (const [p, opacity] of cover) {
      for (let channel = 0; channel < 3; channel++) {
        const under = pixels[3 * p + channel];
        pixels[3 * p + channel] = Math.round(under + (colour[channel] - under) * opacity);
      }
    }
  }

  const canvas: Canvas = { width, height, pixels, fill, set, text };
  fill(0, 0, width, height, background);
  return canvas;
}
