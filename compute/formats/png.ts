/** PNG files of RGB pixels. */
import { PNG } from 'pngjs';

/** The bytes of a PNG; `pixels` holds three bytes per pixel, rows from the top. */
export function encodePng(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false });
  png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  // Rows of magnified pixels repeat: as differences from the row above they are zeros.
  return PNG.sync.write(png, { colorType: 2, inputColorType: 2, inputHasAlpha: false, filterType: 2 });
}
