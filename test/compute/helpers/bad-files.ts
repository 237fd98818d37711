/** Small ISMRMRD files, sound but for the one thing that is said. */
import { createIsmrmrdWriter, ismrmrdXml, type TestAcquisition } from '../../helpers/raw/ismrmrd-writer.ts';
import { complexNoise, normals } from './scan.ts';

export interface BadFile {
  readonly coils?: number;
  /** Matrix that the header claims. */
  readonly claims?: readonly [x: number, y: number, z: number];
  /** Lines that are there. */
  readonly lines?: number;
  readonly samples?: number;
  readonly noiseLines?: number;
  readonly noiseSamples?: number;
  readonly trajectory?: string;
  /** Further elements of the encoding, for example parallel imaging. */
  readonly more?: string;
  /** Changes the acquisitions before they are written: noise first, then the lines. */
  readonly spoil?: (acquisitions: TestAcquisition[]) => TestAcquisition[];
}

/** Writes the file. Its object is a point, its noise white. */
export async function writeBadFile(path: string, file: BadFile): Promise<void> {
  const { coils = 4, lines = 32, samples = 32, noiseLines = 8, noiseSamples = 256 } = file;
  const random = normals(1);
  const noise = Array.from({ length: noiseLines }, () => ({
    flags: [19],
    samples: noiseSamples,
    coils,
    data: complexNoise(random, coils * noiseSamples),
  }));
  const image = Array.from({ length: lines }, (_, line) => {
    const data = complexNoise(random, coils * samples);
    for (let i = 0; i < data.length; i += 2) data[i] += 5 * (1 + Math.floor(i / 2 / samples));
    return { line, samples, coils, data };
  });
  const matrix = file.claims ?? [samples, lines, 1];
  const { trajectory, more } = file;
  const xml = ismrmrdXml({ encoded: matrix, recon: matrix, coils, trajectory, more });
  const writer = await createIsmrmrdWriter(path, xml);
  const acquisitions: TestAcquisition[] = [...noise, ...image];
  const spoiled = file.spoil?.(acquisitions) ?? acquisitions;
  if (spoiled.length > 0) writer.append(spoiled);
  writer.close();
}

/** The acquisitions with the data of those that are `chosen` changed. */
export function withData(
  chosen: (acquisition: TestAcquisition, i: number) => boolean,
  change: (data: Float32Array, acquisition: TestAcquisition) => void,
): (acquisitions: TestAcquisition[]) => TestAcquisition[] {
  return (acquisitions) => {
    for (const [i, acquisition] of acquisitions.entries()) {
      if (chosen(acquisition, i)) change(acquisition.data, acquisition);
    }
    return acquisitions;
  };
}
