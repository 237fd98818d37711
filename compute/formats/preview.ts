/**
 * Pictures of maps for people: all slices side by side in one colour scale, a bar that says what the
 * colours mean, a title and the headline numbers.
 */
import { mosaicOf } from './mosaic.ts';
import { encodePng } from './png.ts';
import { createCanvas, textWidth } from './preview-canvas.ts';
import { barWidth, drawBar, INK, PALE, PAPER } from './scale.ts';

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

const MARGIN = 28;
const HEADER = 104;
const FOOTER = 46;
/** Room for all planes together. */
const STAGE = 640;
/** A bar needs some length for its numbers. */
const SHORTEST_BAR = 160;

/** The bytes of a PNG of the preview. */
export function encodePreview(preview: Preview): Uint8Array {
  const { title, subtitle, footer, range, unit } = preview;
  const mosaic = mosaicOf(preview, STAGE);
  const height = Math.max(mosaic.height, SHORTEST_BAR);
  const bar = { range, unit, height, size: 10 };
  const headings = Math.max(textWidth(title, 17), textWidth(subtitle, 10), textWidth(footer, 10));
  const width = Math.ceil(MARGIN + Math.max(mosaic.width + 24 + barWidth(bar), headings) + MARGIN);
  const canvas = createCanvas(width, HEADER + height + FOOTER, PAPER);
  canvas.text(MARGIN, 40, title, { colour: INK, size: 17, bold: true });
  canvas.text(MARGIN, 65, subtitle, { colour: PALE, size: 10 });
  mosaic.draw(canvas, MARGIN, HEADER);
  drawBar(canvas, bar, MARGIN + mosaic.width + 24, HEADER);
  canvas.text(MARGIN, HEADER + height + 28, footer, { colour: PALE, size: 10 });
  return encodePng(canvas.width, canvas.height, canvas.pixels);
}
