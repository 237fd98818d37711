/**
 * What a run costs, from facts that are known before anything is read: CPU seconds of its parts on one core of a
 * present-day server, and its memory. The constants are measured (bench/snr/calibrate.ts compares them with whole
 * runs); the formulas count operations.
 */
import type { SnrTask } from './task.ts';

/** Facts about the signal. What is not known is guessed from the size of the file. */
export interface SignalFacts {
  readonly signalBytes: number;
  readonly coils?: number;
  /** Matrix of the image, oversampling removed. */
  readonly columns?: number;
  readonly lines?: number;
  readonly slices?: number;
  readonly repetitions?: number;
}

export interface OutputFacts {
  readonly coilsensitivity?: boolean;
  readonly gfactor?: boolean;
  readonly matlab?: boolean;
}

/** CPU seconds on one core. */
export interface RunCost {
  /** Start of the process, index and noise: not shared among threads. */
  readonly serial: number;
  /** Reading the samples, their oversampling, the checksum: not shared among threads. */
  readonly read: number;
  /** Reconstruction and SNR: shared among threads. */
  readonly solve: number;
  /** Maps, pictures, archive: not shared among threads. */
  readonly write: number;
  /** Memory of the process, and what every thread adds to it. */
  readonly memoryMb: number;
  readonly memoryMbPerThread: number;
}

const NS = 1e-9;
const MIB = 2 ** 20;
/** A slice of which only the bytes are known: that of a usual 2-D scan with twofold oversampling. */
const TYPICAL = { coils: 32, columns: 256, lines: 256 };
const OVERSAMPLING = 2;

/** The cost of a task on a signal. */
export function runCost(facts: SignalFacts, task: SnrTask, output: OutputFacts = {}): RunCost {
  const scan = scanOf(facts);
  const { pixels, coils, slices, repetitions } = scan;
  const planes = slices * (task.method === 'mr' ? repetitions : 1);
  const images = 1 + mapsBeside(task, output);
  const coilMaps = output.coilsensitivity && task.sensitivity ? coils : 0;
  const perSlice = pixels * coils * 8;
  return {
    serial: 1.15 + (task.undersampling || task.sensitivity ? 0.2 : 0),
    read: facts.signalBytes * 4.5 * NS,
    solve: planes * imageSeconds(task, pixels, coils) + slices * replicaSeconds(task, pixels, coils),
    write:
      0.25 +
      (images + (output.matlab ? 0.2 : 0)) * (0.05 + slices * pixels * 230 * NS) +
      coilMaps * (0.05 + slices * pixels * 460 * NS),
    memoryMb: 150 + (slices * pixels * 4 * (2 * images + 1)) / MIB + (coilMaps * slices * pixels * 16) / MIB,
    memoryMbPerThread: 60 + (perSlice * copiesOf(task)) / MIB,
  };
}

interface Scan {
  readonly pixels: number;
  readonly coils: number;
  readonly slices: number;
  readonly repetitions: number;
}

function scanOf({ signalBytes, ...known }: SignalFacts): Scan {
  const columns = known.columns ?? TYPICAL.columns;
  const lines = known.lines ?? TYPICAL.lines;
  const perCoil = 8 * OVERSAMPLING * columns * lines;
  // A small file is one slice of fewer coils, a large one has several slices.
  const coils = known.coils ?? Math.max(1, Math.min(TYPICAL.coils, Math.round(signalBytes / perCoil)));
  const repetitions = known.repetitions ?? 1;
  const slices =
    known.slices ?? Math.max(1, Math.round(signalBytes / (perCoil * coils * Math.max(1, repetitions))));
  return { pixels: columns * lines, coils, slices, repetitions };
}

/** Whitening, sensitivities and reconstruction of one image. */
function imageSeconds(task: SnrTask, pixels: number, coils: number): number {
  const { reconstruction, sensitivity, undersampling } = task;
  const samples = pixels * coils;
  const transform = 6 * NS * samples + 0.15 * NS * samples * coils;
  const [rx, ry] = undersampling?.accelerations ?? [1, 2];
  const maps = sensitivity ? mapSeconds(sensitivity.method, pixels, coils) : 0;
  const mask = sensitivity?.mask.method === 'espirit' ? mapSeconds('espirit', pixels, coils) : 0;
  const unfold = reconstruction === 'sense' || reconstruction === 'espirit' ? samples * 2 * NS * rx * ry : 0;
  const kernel = reconstruction === 'grappa' ? kernelSeconds(task, pixels, coils) : 0;
  return transform + maps + mask + unfold + kernel;
}

function mapSeconds(method: string, pixels: number, coils: number): number {
  const products = pixels * coils * coils;
  if (method === 'espirit') return 0.03 + 15 * NS * products;
  if (method === 'walsh') return 12 * NS * products;
  return 10 * NS * pixels * coils;
}

/** Training: products of all windows, a factorisation per missing type; then the weights of every pixel. */
function kernelSeconds({ undersampling }: SnrTask, pixels: number, coils: number): number {
  const [rx, ry] = undersampling?.accelerations ?? [1, 2];
  const [kx, ky] = undersampling?.kernelSize ?? [4, 4];
  const [ax, ay] = undersampling?.acl ?? [24, 24];
  const unknowns = coils * Math.ceil(kx / rx) * Math.ceil(ky / ry);
  const rows = Math.min(pixels, (ax ?? Math.sqrt(pixels)) * (ay ?? Math.sqrt(pixels)));
  const types = rx * ry - 1;
  return types * (rows * unknowns ** 2 + unknowns ** 3) * NS + pixels * coils * coils * 1.8 * NS;
}

function replicaSeconds(task: SnrTask, pixels: number, coils: number): number {
  if (!task.replicas || task.method === 'mr') return 0;
  const { count, mode } = task.replicas;
  const each = mode === 'exact' ? pixels * coils * 8 * NS : pixels * 5 * NS;
  return count * each + (task.method === 'cr' ? pixels * 40 * NS : 0);
}

/** Maps that are written beside the SNR. */
function mapsBeside(task: SnrTask, { gfactor }: OutputFacts): number {
  const isAccelerated = task.undersampling !== undefined;
  return (task.replicas ? 1 : 0) + (gfactor && isAccelerated ? 2 : 0);
}

/** Copies of the coil images of a slice that a thread holds at a time. */
function copiesOf({ reconstruction, method }: SnrTask): number {
  const images = reconstruction === 'rss' ? 3 : 6;
  return images + (method === 'ac' ? 0 : 2);
}
