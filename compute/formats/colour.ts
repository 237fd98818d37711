/**
 * A perceptually uniform colour map, computed: lightness rises linearly in OKLab (Ottosson 2020), the hue
 * runs from violet over teal to yellow. It keeps its order in grey print and for colour-blind eyes.
 */

export type Rgb = readonly [number, number, number];

/** sRGB of a colour given in OKLCh (hue in degrees), each channel 0..1 or outside if not displayable. */
function linearRgb(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function displayable(rgb: Rgb): boolean {
  return rgb.every((x) => x >= 0 && x <= 1);
}

/** The largest chroma of a displayable colour. */
function chromaLimit(lightness: number, hue: number): number {
  let low = 0;
  let high = 0.4;
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    if (displayable(linearRgb(lightness, middle, hue))) low = middle;
    else high = middle;
  }
  return low;
}

/** Gamma of sRGB, to 0..255. */
function encode(x: number): number {
  const clamped = Math.min(1, Math.max(0, x));
  const y = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055;
  return Math.round(255 * y);
}

const SIZE = 256;
/** Entries on either side over which the chroma is smoothed, so that no edge of the gamut shows as a band. */
const SMOOTHING = 40;

let table: Uint8Array | undefined;

/** 256 colours from dark to bright, three bytes each. Not to be changed. */
export function colourTable(): Uint8Array {
  table ??= calculateTable();
  return table;
}

function calculateTable(): Uint8Array {
  const path = Array.from({ length: SIZE }, (_, i) => {
    const t = i / (SIZE - 1);
    return { lightness: 0.14 + 0.8 * t, hue: 300 - 190 * t };
  });
  const limits = path.map(({ lightness, hue }) => Math.min(0.16, chromaLimit(lightness, hue)));
  const around = (values: readonly number[], i: number): number[] =>
    values.slice(Math.max(0, i - SMOOTHING), i + SMOOTHING + 1);
  const lowest = limits.map((_, i) => Math.min(...around(limits, i)));
  const colours = new Uint8Array(3 * SIZE);
  path.forEach(({ lightness, hue }, i) => {
    const near = around(lowest, i);
    const chroma = near.reduce((sum, value) => sum + value, 0) / near.length;
    colours.set(linearRgb(lightness, chroma, hue).map(encode), 3 * i);
  });
  return colours;
}
