/** A scan of several slices as an ISMRMRD file: a bell of signal in each, which grows by the number of the slice. */
import { createIsmrmrdWriter, ismrmrdXml, type TestAcquisition } from './ismrmrd-writer.ts';
import { testSamples } from './samples.ts';

const SIZE = 32;
const COILS = 2;
const NOISE = 19;
const DIRECTIONS = { readDirection: [1, 0, 0], phaseDirection: [0, 1, 0], sliceDirection: [0, 0, 1] };

/** Writes `slices` slices of 32 by 32 pixels, 5 mm apart, with their noise measurement. */
export async function writeVolume(path: string, slices: number): Promise<void> {
  const size = [SIZE, SIZE, 1] as const;
  const limit = `<encodingLimits><slice><minimum>0</minimum><maximum>${slices - 1}</maximum><center>0</center></slice></encodingLimits>`;
  const xml = ismrmrdXml({ encoded: size, recon: size, coils: COILS }).replace(
    '</encodingLimits>',
    limit.replace('<encodingLimits>', ''),
  );
  const writer = await createIsmrmrdWriter(path, xml);
  const lines: TestAcquisition[] = Array.from({ length: SIZE }, (_, i) => ({
    flags: [NOISE],
    samples: SIZE,
    coils: COILS,
    data: testSamples(SIZE * COILS, i + 1),
  }));
  for (let slice = 0; slice < slices; slice++) {
    for (let line = 0; line < SIZE; line++) {
      const position = [0, 0, 5 * slice];
      lines.push({
        samples: SIZE,
        coils: COILS,
        line,
        slice,
        position,
        ...DIRECTIONS,
        data: bell(slice, line),
      });
    }
  }
  writer.append(lines);
  writer.close();
}

/** A line of a bell around the centre of k-space: a bell around the centre of the image. */
function bell(slice: number, line: number): Float32Array {
  const data = new Float32Array(2 * SIZE * COILS);
  for (let coil = 0; coil < COILS; coil++) {
    for (let sample = 0; sample < SIZE; sample++) {
      const square = (sample - SIZE / 2) ** 2 + (line - SIZE / 2) ** 2;
      data[2 * (coil * SIZE + sample)] = 100 * (slice + 1) * Math.exp(-square / 8);
    }
  }
  return data;
}
