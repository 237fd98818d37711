/** The files of a result: maps as NIfTI, their previews, info.json and, if asked for, matlab.mat. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ComplexMatrix } from './array/matrix.ts';
import { toComplexArray } from './array/matrix.ts';
import type { OutputEntry } from './formats/info-json.ts';
import type { MatVariable } from './formats/mat5.ts';
import { encodeMat5 } from './formats/mat5.ts';
import { encodeNiftiGz } from './formats/nifti.ts';
import type { Preview } from './formats/preview.ts';
import { encodePreview } from './formats/preview.ts';
import type { ZipEntry } from './formats/zip.ts';
import type { Volume } from './volume.ts';

/** A map before it is written. */
export interface OutputMap extends Omit<OutputEntry, 'filename' | 'dim'> {
  /** `SNR` becomes data/SNR.nii.gz and data/SNR.png. */
  readonly stem: string;
  readonly data: Float32Array;
  /** Sizes, fastest first: [x, y, z] of a volume, [i, j, 1] of a matrix. */
  readonly dims: readonly [number, number, number];
  readonly volume: Pick<Volume, 'spacingMm' | 'affine'> | undefined;
  readonly preview: Preview;
}

/** A map whose picture may be that of another one. */
export type WritableMap = Omit<OutputMap, 'preview'> & Partial<Pick<OutputMap, 'preview'>>;

/** A coils x coils matrix with row i along x and column j along y, as the viewers expect it. */
export function matrixData(matrix: ComplexMatrix): Float32Array {
  const { size } = matrix;
  const rows = toComplexArray(matrix).data;
  const out = new Float32Array(rows.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      out[2 * (j * size + i)] = rows[2 * (i * size + j)];
      out[2 * (j * size + i) + 1] = rows[2 * (i * size + j) + 1];
    }
  }
  return out;
}

/** A folder being filled with the files of a result. Each file appears complete or not at all. */
export interface ResultFolder {
  readonly folder: string;
  readonly entries: readonly OutputEntry[];
  readonly previews: readonly { filename: string; id: number; name: string }[];
  readonly files: readonly ZipEntry[];
  write(name: string, bytes: Uint8Array | string): Promise<void>;
  writeMap(map: WritableMap): Promise<void>;
  /** All maps written so far as variables of one MAT-file. */
  writeMatlab(): Promise<void>;
}

export function createResultFolder(folder: string): ResultFolder {
  const entries: OutputEntry[] = [];
  const previews: { filename: string; id: number; name: string }[] = [];
  const files: ZipEntry[] = [];
  const variables: MatVariable[] = [];

  async function write(name: string, bytes: Uint8Array | string): Promise<void> {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, path);
    files.push({ name, path });
  }

  async function writeMap(map: WritableMap): Promise<void> {
    const { stem, data, dims, volume, preview, ...entry } = map;
    const filename = `data/${stem}.nii.gz`;
    const nifti = await encodeNiftiGz({
      data,
      complex: map.complex,
      dims,
      spacingMm: volume?.spacingMm ?? [1, 1, 1],
      affine: volume?.affine,
      description: `CloudMR ${map.name}`,
    });
    await write(filename, nifti);
    entries.push({ filename, ...entry, dim: volume ? 3 : 2 });
    if (preview) {
      await write(`data/${stem}.png`, encodePreview(preview));
      previews.push({ filename: `data/${stem}.png`, id: map.id, name: map.name });
    }
    const shape = volume ? dims : dims.slice(0, 2);
    variables.push({ name: map.name.replaceAll(' ', ''), data, complex: map.complex, dims: shape });
  }

  return {
    folder,
    entries,
    previews,
    files,
    write,
    writeMap,
    writeMatlab: async () => write('matlab.mat', await encodeMat5(variables, 'CloudMR')),
  };
}
