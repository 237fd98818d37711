/**
 * Writes ISMRMRD files with h5wasm. h5wasm cannot create types with lists of variable length, so a file
 * starts as a copy of ismrmrd-template.h5 (made by libismrmrd, see test/fixtures/raw/README.md), whose
 * `data` is then resized and overwritten.
 */
import { copyFileSync } from 'node:fs';
import { File, type Metadata, ready } from 'h5wasm/node';

export interface TestAcquisition {
  /** ISMRMRD flags by number, from 1: 19 = noise. */
  readonly flags?: readonly number[];
  readonly samples: number;
  readonly coils: number;
  /** Interleaved complex `[coil][sample]`. */
  readonly data: Float32Array;
  readonly line?: number;
  readonly partition?: number;
  readonly average?: number;
  readonly slice?: number;
  readonly contrast?: number;
  readonly phase?: number;
  readonly repetition?: number;
  readonly set?: number;
  readonly segment?: number;
  readonly discardPre?: number;
  readonly discardPost?: number;
  readonly centerSample?: number;
  readonly encodingSpace?: number;
  readonly trajectoryDimensions?: number;
  readonly dwellMicroseconds?: number;
  readonly position?: readonly number[];
  readonly readDirection?: readonly number[];
  readonly phaseDirection?: readonly number[];
  readonly sliceDirection?: readonly number[];
}

export interface IsmrmrdWriter {
  /** Appends acquisitions; the data are copied at once. */
  append(acquisitions: readonly TestAcquisition[]): void;
  /** Adds a float32 array beside the group `dataset`. */
  addArray(name: string, data: Float32Array, shape: number[]): void;
  close(): void;
}

const COUNTERS = {
  line: 'kspace_encode_step_1',
  partition: 'kspace_encode_step_2',
  average: 'average',
  slice: 'slice',
  contrast: 'contrast',
  phase: 'phase',
  repetition: 'repetition',
  set: 'set',
  segment: 'segment',
} as const;

const VECTORS = {
  position: 'position',
  readDirection: 'read_dir',
  phaseDirection: 'phase_dir',
  sliceDirection: 'slice_dir',
} as const;

type Member = NonNullable<Metadata['compound_type']>['members'][number];

function member(parent: Metadata, name: string): Member {
  const found = parent.compound_type?.members.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
}

/** Starts a file with the given header text. */
export async function createIsmrmrdWriter(path: string, xml: string): Promise<IsmrmrdWriter> {
  const hdf5 = await ready;
  copyFileSync(new URL('./ismrmrd-template.h5', import.meta.url), path);
  const file = new File(path, 'a');
  const id = file.file_id;
  const metadata = hdf5.get_dataset_metadata(id, '/dataset/data');
  const head = member(metadata, 'head');
  const idx = member(head, 'idx');
  let count = 0;

  const text = Buffer.from(`${xml}\0`);
  const pointer = hdf5._malloc(4 + text.length);
  hdf5.HEAPU8.set(text, pointer + 4);
  new DataView(hdf5.HEAPU8.buffer).setUint32(pointer, pointer + 4, true);
  must(hdf5.set_dataset_data(id, '/dataset/xml', null, null, null, BigInt(pointer)));
  hdf5._free(pointer);

  function must(status: number): void {
    if (status < 0) throw new Error('libhdf5 refused to write');
  }

  function fill(view: DataView, at: number, acquisition: TestAcquisition): void {
    const put = (name: string, value: number): void =>
      view.setUint16(at + head.offset + member(head, name).offset, value, true);
    const flags = (acquisition.flags ?? []).reduce((all, n) => all | (1n << BigInt(n - 1)), 0n);
    put('version', 1);
    view.setBigUint64(at + head.offset + member(head, 'flags').offset, flags, true);
    put('number_of_samples', acquisition.samples);
    put('available_channels', acquisition.coils);
    put('active_channels', acquisition.coils);
    put('discard_pre', acquisition.discardPre ?? 0);
    put('discard_post', acquisition.discardPost ?? 0);
    put('center_sample', acquisition.centerSample ?? acquisition.samples >> 1);
    put('encoding_space_ref', acquisition.encodingSpace ?? 0);
    put('trajectory_dimensions', acquisition.trajectoryDimensions ?? 0);
    const dwellAt = at + head.offset + member(head, 'sample_time_us').offset;
    view.setFloat32(dwellAt, acquisition.dwellMicroseconds ?? 5, true);
    for (const [key, name] of Object.entries(VECTORS) as [keyof typeof VECTORS, string][]) {
      const vector = acquisition[key] ?? [0, 0, 0];
      for (const [i, value] of vector.entries()) {
        view.setFloat32(at + head.offset + member(head, name).offset + 4 * i, value, true);
      }
    }
    for (const [key, name] of Object.entries(COUNTERS) as [keyof typeof COUNTERS, string][]) {
      view.setUint16(at + head.offset + idx.offset + member(idx, name).offset, acquisition[key] ?? 0, true);
    }
  }

  return {
    append(acquisitions) {
      const bytes = acquisitions.reduce((sum, { data }) => sum + data.byteLength, 0);
      const records = hdf5._malloc(acquisitions.length * metadata.size);
      const samples = hdf5._malloc(bytes);
      hdf5.HEAPU8.fill(0, records, records + acquisitions.length * metadata.size);
      const view = new DataView(hdf5.HEAPU8.buffer);
      let next = samples;
      for (const [i, acquisition] of acquisitions.entries()) {
        const at = records + i * metadata.size;
        const { buffer, byteOffset, byteLength, length } = acquisition.data;
        fill(view, at, acquisition);
        view.setUint32(at + member(metadata, 'data').offset, length, true);
        view.setUint32(at + member(metadata, 'data').offset + 4, next, true);
        hdf5.HEAPU8.set(new Uint8Array(buffer, byteOffset, byteLength), next);
        next += byteLength;
      }
      const [from, rows] = [BigInt(count), BigInt(acquisitions.length)];
      count += acquisitions.length;
      must(hdf5.resize_dataset(id, '/dataset/data', [BigInt(count)]));
      must(hdf5.set_dataset_data(id, '/dataset/data', [rows], [from], [1n], BigInt(records)));
      hdf5._free(samples);
      hdf5._free(records);
    },
    addArray(name, data, shape) {
      file.create_dataset({ name, data, shape });
    },
    close() {
      file.close();
    },
  };
}

/** What `ismrmrdXml` describes: a 2-D Cartesian scan unless said otherwise. */
export interface TestIsmrmrdHeader {
  readonly encoded: readonly [x: number, y: number, z: number];
  readonly recon: readonly [x: number, y: number, z: number];
  readonly encodedFov?: readonly [x: number, y: number, z: number];
  readonly reconFov?: readonly [x: number, y: number, z: number];
  readonly coils?: number;
  readonly trajectory?: string;
  readonly protocol?: string;
  readonly relativeReceiverNoiseBandwidth?: number;
  /** Further elements of the first `encoding`, after its trajectory. */
  readonly more?: string;
}

export function ismrmrdXml(header: TestIsmrmrdHeader): string {
  const xyz = (name: string, [x, y, z]: readonly [number, number, number]): string =>
    `<${name}><x>${x}</x><y>${y}</y><z>${z}</z></${name}>`;
  const ratio = header.encoded[0] / header.recon[0];
  const bandwidth = header.relativeReceiverNoiseBandwidth;
  return `<?xml version="1.0" encoding="UTF-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
  <measurementInformation>
    <patientPosition>HFS</patientPosition>
    <protocolName>${header.protocol ?? 'synthetic'}</protocolName>
  </measurementInformation>
  <acquisitionSystemInformation>
    <systemVendor>CloudMR</systemVendor>
    <systemModel>synthetic</systemModel>
    <systemFieldStrength_T>3</systemFieldStrength_T>
    ${bandwidth ? `<relativeReceiverNoiseBandwidth>${bandwidth}</relativeReceiverNoiseBandwidth>` : ''}
    <receiverChannels>${header.coils ?? 1}</receiverChannels>
  </acquisitionSystemInformation>
  <experimentalConditions><H1resonanceFrequency_Hz>127732435</H1resonanceFrequency_Hz></experimentalConditions>
  <encoding>
    <encodedSpace>
      ${xyz('matrixSize', header.encoded)}
      ${xyz('fieldOfView_mm', header.encodedFov ?? [220 * ratio, 220, 5])}
    </encodedSpace>
    <reconSpace>
      ${xyz('matrixSize', header.recon)}
      ${xyz('fieldOfView_mm', header.reconFov ?? [220, 220, 5])}
    </reconSpace>
    <encodingLimits>
      <kspace_encoding_step_1>
        <minimum>0</minimum><maximum>${header.encoded[1] - 1}</maximum>
        <center>${Math.floor(header.encoded[1] / 2)}</center>
      </kspace_encoding_step_1>
    </encodingLimits>
    <trajectory>${header.trajectory ?? 'cartesian'}</trajectory>
    ${header.more ?? ''}
  </encoding>
</ismrmrdHeader>
`;
}
