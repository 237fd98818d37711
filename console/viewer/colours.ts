/** Colour maps of the viewer: names that people know, and those of NiiVue. */
export const COLOUR_MAPS = [
  ['viridis', 'Viridis'],
  ['inferno', 'Inferno'],
  ['plasma', 'Plasma'],
  ['magma', 'Magma'],
  ['gray', 'Grey'],
  ['hot', 'Hot'],
  ['jet', 'Jet'],
  ['turbo', 'Turbo'],
] as const;
export type ColourMap = (typeof COLOUR_MAPS)[number][0];

/** Corner points of viridis (Smith and van der Walt, CC0), for pictures that are not NiiVue's. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
];

/** The colour of a part from 0 to 1. */
export function viridis(part: number): readonly [number, number, number] {
  const at = Math.max(0, Math.min(1, part)) * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const [a, b] = [VIRIDIS[i], VIRIDIS[i + 1]];
  const mix = (k: number): number => Math.round(a[k] + (at - i) * (b[k] - a[k]));
  return [mix(0), mix(1), mix(2)];
}
