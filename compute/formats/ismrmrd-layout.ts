/**
 * Where the fields of an ISMRMRD acquisition lie in memory, taken from the file's own description of its
 * compound type (writers differ in padding), and the flags of an acquisition.
 */
import type { Metadata } from 'h5wasm/node';
import { WorkerError } from '../errors.ts';

/** HDF5 type classes as h5wasm numbers them. */
const INTEGER = 0;
const FLOAT = 1;
const COMPOUND = 6;
const VLEN = 9;
const ARRAY = 10;

/** Fields of the acquisition header that are read, with the type class and bytes they must have. */
const HEAD_FIELDS = {
  flags: [INTEGER, 8],
  number_of_samples: [INTEGER, 2],
  active_channels: [INTEGER, 2],
  discard_pre: [INTEGER, 2],
  discard_post: [INTEGER, 2],
  center_sample: [INTEGER, 2],
  encoding_space_ref: [INTEGER, 2],
  trajectory_dimensions: [INTEGER, 2],
  sample_time_us: [FLOAT, 4],
  position: [ARRAY, 12],
  read_dir: [ARRAY, 12],
  phase_dir: [ARRAY, 12],
  slice_dir: [ARRAY, 12],
} as const;

const COUNTERS = [
  'kspace_encode_step_1',
  'kspace_encode_step_2',
  'average',
  'slice',
  'contrast',
  'phase',
  'repetition',
  'set',
  'segment',
] as const;

export type HeadField = keyof typeof HEAD_FIELDS;
export type Counter = (typeof COUNTERS)[number];

/** Byte offsets within one acquisition as it lies in wasm memory. */
export interface RowLayout {
  readonly rowBytes: number;
  readonly head: Readonly<Record<HeadField, number>>;
  readonly counters: Readonly<Record<Counter, number>>;
  /** { u32 length, u32 pointer } of the samples: float32, interleaved complex. */
  readonly data: number;
}

/** Largest acquisition record that is believed; real ones have 360 bytes. */
const MAX_ROW_BYTES = 4096;

type Member = NonNullable<Metadata['compound_type']>['members'][number];

/**
 * Layout of the `data` dataset from its metadata.
 * Throws WorkerError('input_unreadable') that names the missing or wrongly typed field.
 */
export function rowLayoutOf(metadata: Metadata): RowLayout {
  if (metadata.type !== COMPOUND || metadata.size > MAX_ROW_BYTES)
    throw wrong('data', 'no acquisition record');
  const head = member(metadata, 'head', COMPOUND);
  const idx = member(head, 'idx', COMPOUND);
  const data = member(metadata, 'data', VLEN);
  const traj = member(metadata, 'traj', VLEN);
  for (const [name, { vlen_type: type }] of Object.entries({ data, traj })) {
    if (type?.type !== FLOAT || type.size !== 4 || !type.littleEndian) {
      throw wrong(name, 'not a list of little-endian float32');
    }
  }
  const fields = Object.entries(HEAD_FIELDS).map(([name, [type, size]]) => {
    const field = member(head, name, type);
    if (field.size !== size) throw wrong(`head.${name}`, `${field.size} bytes instead of ${size}`);
    return [name, head.offset + field.offset];
  });
  const counters = COUNTERS.map((name) => {
    const field = member(idx, name, INTEGER);
    if (field.size !== 2) throw wrong(`idx.${name}`, `${field.size} bytes instead of 2`);
    return [name, head.offset + idx.offset + field.offset];
  });
  return {
    rowBytes: metadata.size,
    head: Object.fromEntries(fields),
    counters: Object.fromEntries(counters),
    data: data.offset,
  };
}

function member(parent: Metadata, name: string, type: number): Member {
  const found = parent.compound_type?.members.find((candidate) => candidate.name === name);
  if (!found) throw wrong(name, 'missing');
  if (found.type !== type || found.offset + found.size > parent.size) throw wrong(name, 'of the wrong type');
  return found;
}

function wrong(field: string, why: string): WorkerError {
  return new WorkerError(
    'input_unreadable',
    `The HDF5 file is not ISMRMRD: field '${field}' of its acquisitions is ${why}.`,
  );
}
