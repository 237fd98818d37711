/** Files of any size for the readers, and what reading one costs in a fresh process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOADER, script } from '../script.ts';
import { createIsmrmrdWriter, ismrmrdXml } from './ismrmrd-writer.ts';
import { protocolTexts, writeTwix } from './twix-writer.ts';

export interface ReadCost {
  readonly readouts: number;
  readonly bytes: number;
  readonly openSeconds: number;
  readonly readSeconds: number;
  readonly peakRssMiB: number;
}

/** Reads the whole file in a child process. */
export async function costOfReading(path: string): Promise<ReadCost> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...LOADER,
    script('test/helpers/raw/read-all.ts'),
    path,
  ]);
  return JSON.parse(stdout);
}

/** Shape of the lines of large files: 32 coils of 512 samples, 128 KiB. */
const COILS = 32;
const SAMPLES = 512;
const LINE_BYTES = 8 * COILS * SAMPLES;
const LINES = 256;

/** A repeated 2-D scan of about `bytes`, one readout after the other. */
function* lines(
  bytes: number,
): Generator<{ samples: number; coils: number; data: Float32Array; line: number }> {
  const data = Float32Array.from({ length: 2 * COILS * SAMPLES }, (_, i) => Math.sin(i));
  for (let i = 0; i < Math.ceil(bytes / LINE_BYTES); i++) {
    data[0] = i;
    yield { samples: SAMPLES, coils: COILS, data, line: i % LINES };
  }
}

export function writeLargeTwix(path: string, bytes: number, dialect: 'vb' | 'vd'): void {
  const texts = protocolTexts({ baseResolution: SAMPLES / 2, lines: LINES });
  const count = Math.ceil(bytes / LINE_BYTES);
  const repeated = function* () {
    let i = 0;
    for (const line of lines(bytes))
      yield { ...line, centerLine: LINES / 2, repetition: Math.floor(i++ / LINES) };
  };
  if (count > LINES * 65_536) throw new Error('too many repetitions');
  writeTwix(path, dialect, [{ name: 'gre', texts, lines: repeated() }]);
}

export async function writeLargeIsmrmrd(path: string, bytes: number): Promise<void> {
  const xml = ismrmrdXml({ encoded: [SAMPLES, LINES, 1], recon: [SAMPLES / 2, LINES, 1], coils: COILS });
  const writer = await createIsmrmrdWriter(path, xml);
  let i = 0;
  for (const line of lines(bytes)) writer.append([{ ...line, repetition: Math.floor(i++ / LINES) }]);
  writer.close();
}
