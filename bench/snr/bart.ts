/** The centred FFT and RSS of ten slices in memory against `bart fft -u` and `bart rss`, wall time, one thread each. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complexFrom } from '../../compute/array/complex.ts';
import { centredFftInto } from '../../compute/math/fft.ts';
import { rootSumSquares } from '../../compute/math/root-sum-squares.ts';
import type { Row } from './measure.ts';
import { median, rowOf, worstRelative } from './measure.ts';
import { ONE_THREAD } from './peer.ts';
import { phantom } from './phantom.ts';

const SIZE = { coils: 32, lines: 256, columns: 256 };
const SLICES = 10;
const ROUNDS = 7;
/** Asked: at most half the time. */
const FLOOR = 2;

/** No row without BART on the PATH. */
export function bartRows(): Row[] {
  if (spawnSync('bart', ['version']).status !== 0) return [];
  const { kspace } = phantom(SIZE);
  const plane = kspace.data.length;
  const stack = new Float32Array(SLICES * plane);
  for (let slice = 0; slice < SLICES; slice++) stack.set(kspace.data, slice * plane);
  // Files in memory, so that BART pays for no disk.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-bart-'));
  try {
    writeCfl(join(folder, 'k'), stack);
    const ours: number[] = [];
    const other: number[] = [];
    let result = new Float32Array();
    for (let round = 0; round < ROUNDS + 2; round++) {
      const input = stack.slice();
      const wall = [
        seconds(() => bart(folder)),
        seconds(() => {
          result = fftAndRss(input, plane);
        }),
      ];
      if (round < 2) continue;
      other.push(wall[0]);
      ours.push(wall[1]);
    }
    const worst = worstRelative(result, bartResult(folder));
    return [
      rowOf({
        name: `FFT and RSS, ${SIZE.columns} x ${SIZE.lines} x ${SIZE.coils} coils x ${SLICES}, against BART`,
        ours: median(ours),
        other: median(other),
        floor: FLOOR,
        unit: 's',
        accuracy: worst.toExponential(1),
        agrees: worst < 1e-4,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fftAndRss(stack: Float32Array, plane: number): Float32Array<ArrayBuffer> {
  const pixels = SIZE.lines * SIZE.columns;
  const out = new Float32Array(SLICES * pixels);
  for (let slice = 0; slice < SLICES; slice++) {
    const data = stack.subarray(slice * plane, (slice + 1) * plane);
    const kspace = complexFrom(data, [SIZE.coils, SIZE.lines, SIZE.columns]);
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    out.set(rootSumSquares(kspace).data, slice * pixels);
  }
  return out;
}

/** BART's axes, fastest first: x, y, (z,) coil, and the slices along the last of its sixteen. */
function writeCfl(path: string, data: Float32Array): void {
  const sizes = [SIZE.columns, SIZE.lines, 1, SIZE.coils, ...Array(9).fill(1), SLICES, 1, 1];
  writeFileSync(`${path}.hdr`, `# Dimensions\n${sizes.join(' ')}\n`);
  writeFileSync(`${path}.cfl`, data);
}

function bart(folder: string): void {
  const env = { ...process.env, ...ONE_THREAD };
  execFileSync('bart', ['fft', '-u', '-i', '3', join(folder, 'k'), join(folder, 'image')], { env });
  execFileSync('bart', ['rss', '8', join(folder, 'image'), join(folder, 'rss')], { env });
}

function bartResult(folder: string): Float32Array {
  const bytes = readFileSync(join(folder, 'rss.cfl'));
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return Float32Array.from({ length: numbers.length / 2 }, (_, i) => numbers[2 * i]);
}

function seconds(work: () => void): number {
  const before = performance.now();
  work();
  return (performance.now() - before) / 1000;
}
