/**
 * Worker thread that decodes one ISMRMRD file with h5wasm (libhdf5 compiled to wasm): rows of the `data`
 * dataset in batches, variable-length samples followed through wasm memory and given back after each batch.
 *
 * A thread of its own, because libhdf5 can loop for ever or trap on a damaged file; ismrmrd-decoder.ts
 * watches it. Its file system is reduced to reading the one file, so that links lead nowhere.
 */
import { resolve } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { ready } from 'h5wasm/node';
import { WorkerError } from '../errors.ts';
import { type RowLayout, rowLayoutOf } from './ismrmrd-layout.ts';

/** Rows from, from + stride, ..., `count` of them. */
export interface RowsRequest {
  readonly from: number;
  readonly count: number;
  readonly stride: number;
  /** With samples; `buffer` is used for them if it is large enough. */
  readonly samples: boolean;
  readonly buffer?: ArrayBuffer;
}

export type DecoderRequest =
  | { readonly do: 'open'; readonly path: string }
  | ({ readonly do: 'rows' } & RowsRequest)
  | { readonly do: 'close' };

export interface OpenedFile {
  readonly xml: string;
  readonly rows: number;
  readonly layout: RowLayout;
}

export interface DecodedRows {
  /** The records as in wasm memory, `layout.rowBytes` each. */
  readonly records: Uint8Array<ArrayBuffer>;
  /** float32 numbers of the samples of each row. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** The samples of all rows one after the other; empty unless asked for. */
  readonly samples: Float32Array<ArrayBuffer>;
}

/** `sound`: libhdf5 came through unharmed and can read the next file. */
export type DecoderAnswer =
  | { readonly value: unknown }
  | { readonly refused: string; readonly sound: boolean };

/** ENOENT of wasm's system interface. */
const NO_ENTRY = 44;
const MAX_XML_BYTES = 8 << 20;
const MAX_NAMES = 1000;
const MAX_CHUNK_BYTES = 64 << 20;
/** Bytes of samples that one answer may carry. */
const MAX_SAMPLE_BYTES = 128 << 20;

type Hdf5 = Awaited<typeof ready>;

interface Opened {
  readonly id: bigint;
  /** Undefined as long as it is not clear that the file is ISMRMRD. */
  readonly data?: { readonly path: string; readonly layout: RowLayout };
}

const hdf5 = await ready;
const isolated = isolate(hdf5);
let opened: Opened | undefined;
/** False after a failed read (memory of it is lost) and after whatever libhdf5 threw. */
let sound = true;

parentPort?.on('message', (request: DecoderRequest) => {
  try {
    const value = handle(request);
    const buffers = isRows(value) ? [value.records.buffer, value.lengths.buffer, value.samples.buffer] : [];
    parentPort?.postMessage({ value } satisfies DecoderAnswer, [...new Set(buffers)]);
  } catch (error) {
    // What libhdf5 throws (traps, failed assertions) is not for people; what this file refuses is.
    const ours = error instanceof WorkerError;
    const refused = ours ? error.message : 'The HDF5 file is damaged.';
    sound &&= ours;
    parentPort?.postMessage({ refused, sound } satisfies DecoderAnswer);
  }
});
parentPort?.postMessage({ value: 'ready' } satisfies DecoderAnswer);

function isRows(value: unknown): value is DecodedRows {
  return typeof value === 'object' && value !== null && 'records' in value;
}

function handle(request: DecoderRequest): OpenedFile | DecodedRows | undefined {
  if (request.do === 'open') return open(request.path);
  if (request.do === 'rows') return rows(request);
  if (opened) hdf5.close_file(opened.id);
  opened = undefined;
  return undefined;
}

/** Allows the file system of wasm to read one file and to write nothing (libhdf5's error prints). */
function isolate(module: Hdf5): { allow(path: string): void } {
  let allowed = '';
  const original = module.FS.open;
  module.FS.open = (path, flags, ...rest) => {
    if (path !== allowed)
      throw Object.assign(new Error('no such file'), { name: 'ErrnoError', errno: NO_ENTRY });
    return original(path, flags, ...rest);
  };
  module.FS.write = (_stream, _buffer, _offset, length) => length;
  return {
    allow(path) {
      allowed = path;
    },
  };
}

function open(path: string): OpenedFile {
  isolated.allow(resolve(path));
  const id = hdf5.open(path, hdf5.H5F_ACC_RDONLY, false, -1, -1);
  if (id < 0n) throw refuse('The HDF5 file is damaged or incomplete: it cannot be opened.');
  opened = { id };
  const group = groupOf(id);
  const data = `${group}/data`;
  const metadata = hdf5.get_dataset_metadata(id, data);
  if (metadata.shape?.length !== 1) throw refuse(`'${data}' of the HDF5 file is not a list of acquisitions.`);
  const chunkRows = metadata.chunks?.[0] ?? 1;
  if (metadata.virtual_sources || !(chunkRows * metadata.size <= MAX_CHUNK_BYTES)) {
    throw refuse(`'${data}' of the HDF5 file is stored in a way that ISMRMRD does not use.`);
  }
  const layout = rowLayoutOf(metadata);
  opened = { id, data: { path: data, layout } };
  return { xml: xmlOf(id, `${group}/xml`), rows: metadata.shape[0], layout };
}

/** The group `dataset`, or else the last one that holds `data` and `xml`. */
function groupOf(id: bigint): string {
  const names = hdf5.get_names(id, '/', false).slice(0, MAX_NAMES);
  const groups = names
    .map((name) => `/${name}`)
    .filter((path) => hdf5.get_type(id, path) === hdf5.H5G_GROUP)
    .filter((path) => {
      const members = hdf5.get_names(id, path, false);
      return members.includes('data') && members.includes('xml');
    });
  const group = groups.includes('/dataset') ? '/dataset' : groups.at(-1);
  if (group === undefined) {
    const found = names.slice(0, 5).map((name) => `'${name}'`);
    throw refuse(
      'The HDF5 file is not ISMRMRD: no group holds both `data` and `xml`; ' +
        (found.length ? `it holds ${found.join(', ')}.` : 'it is empty.'),
    );
  }
  for (const name of ['data', 'xml']) {
    if (hdf5.get_type(id, `${group}/${name}`) !== hdf5.H5G_DATASET) {
      throw refuse(`'${group}/${name}' of the HDF5 file is not a dataset.`);
    }
  }
  return group;
}

/** The header text: one string, of fixed or variable length. */
function xmlOf(id: bigint, path: string): string {
  const { type, vlen, size, total_size: count } = hdf5.get_dataset_metadata(id, path);
  if (type !== hdf5.H5T_class_t.H5T_STRING.value || count !== 1 || (!vlen && size > MAX_XML_BYTES)) {
    throw refuse(`'${path}' of the HDF5 file is not a header text.`);
  }
  const pointer = hdf5._malloc(Math.max(size, 4));
  try {
    if (hdf5.get_dataset_data(id, path, null, null, null, BigInt(pointer)) < 0) {
      sound = false;
      throw refuse(`The HDF5 file is damaged or incomplete: '${path}' cannot be read.`);
    }
    const start = vlen ? new DataView(hdf5.HEAPU8.buffer).getUint32(pointer, true) : pointer;
    const limit = vlen ? MAX_XML_BYTES : size;
    const bytes = hdf5.HEAPU8.subarray(start, start + limit);
    const nul = bytes.indexOf(0);
    if (vlen && (start === 0 || nul < 0)) throw refuse(`'${path}' of the HDF5 file is empty or too long.`);
    const text = new TextDecoder().decode(nul < 0 ? bytes : bytes.slice(0, nul));
    if (vlen) hdf5.reclaim_vlen_memory(id, path, '', BigInt(pointer));
    return text;
  } finally {
    hdf5._free(pointer);
  }
}

function rows({ from, count, stride, samples, buffer }: RowsRequest): DecodedRows {
  if (!opened?.data) throw refuse('No file is open.');
  const { id, data } = opened;
  const { path, layout } = data;
  const pointer = hdf5._malloc(count * layout.rowBytes);
  try {
    const [n, first, step] = [count, from, stride].map(BigInt);
    if (hdf5.get_dataset_data(id, path, [n], [first], [step], BigInt(pointer)) < 0) {
      sound = false;
      throw refuse(
        `The HDF5 file is damaged or incomplete: not all of the acquisitions ${from + 1} to ` +
          `${from + (count - 1) * stride + 1} can be read.`,
      );
    }
    const decoded = copyRows(pointer, count, layout, samples, buffer);
    hdf5.reclaim_vlen_memory_count(id, path, '', BigInt(pointer), [n]);
    return decoded;
  } finally {
    hdf5._free(pointer);
  }
}

/** Copies records and samples out of wasm memory, which is only valid until it is given back. */
function copyRows(
  pointer: number,
  count: number,
  layout: RowLayout,
  wanted: boolean,
  buffer: ArrayBuffer | undefined,
): DecodedRows {
  const heap = hdf5.HEAPU8;
  const records = heap.slice(pointer, pointer + count * layout.rowBytes) as Uint8Array<ArrayBuffer>;
  const view = new DataView(records.buffer);
  const lists = Array.from({ length: count }, (_, row) => ({
    length: view.getUint32(row * layout.rowBytes + layout.data, true),
    start: view.getUint32(row * layout.rowBytes + layout.data + 4, true),
  }));
  const lengths = Uint32Array.from(lists, ({ length }) => length);
  const bytes = 4 * lists.reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_SAMPLE_BYTES || lists.some(({ start, length }) => start + 4 * length > heap.length)) {
    throw refuse(`The HDF5 file is damaged: its acquisitions claim ${bytes} bytes of samples.`);
  }
  if (!wanted) return { records, lengths, samples: new Float32Array(0) };
  const target = buffer && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes);
  const copy = new Uint8Array(target);
  let at = 0;
  for (const { start, length } of lists) {
    copy.set(heap.subarray(start, start + 4 * length), at);
    at += 4 * length;
  }
  return { records, lengths, samples: new Float32Array(target, 0, bytes / 4) };
}

function refuse(message: string): WorkerError {
  return new WorkerError('input_unreadable', message);
}
