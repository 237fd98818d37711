/**
 * MATLAB level 5 MAT-files ("MAT-File Format", The MathWorks): single-precision arrays, real or complex,
 * each compressed.
 */
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';

const INT8 = 1;
const INT32 = 5;
const UINT32 = 6;
const SINGLE = 7;
const MATRIX = 14;
const COMPRESSED = 15;
const SINGLE_CLASS = 7;
const COMPLEX_FLAG = 0x800;

export interface MatVariable {
  /** A MATLAB name: a letter, then letters, digits, underscores; at most 63 characters. */
  readonly name: string;
  /** Column-major (first dimension fastest); interleaved (re, im) if `complex`. */
  readonly data: Float32Array;
  readonly complex: boolean;
  readonly dims: readonly number[];
}

function element(type: number, content: Uint8Array): Buffer {
  const out = Buffer.alloc(8 + Math.ceil(content.length / 8) * 8);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(content.length, 4);
  out.set(content, 8);
  return out;
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function part(data: Float32Array, offset: 0 | 1): Float32Array {
  const out = new Float32Array(data.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = data[2 * i + offset];
  return out;
}

function matrix({ name, data, complex, dims }: MatVariable): Buffer {
  if (!/^[A-Za-z]\w{0,62}$/.test(name)) throw new RangeError(`not a MATLAB name: ${name}`);
  const flags = Buffer.alloc(8);
  flags.writeUInt32LE(SINGLE_CLASS | (complex ? COMPLEX_FLAG : 0), 0);
  const sizes = Buffer.alloc(4 * dims.length);
  dims.forEach((size, i) => {
    sizes.writeInt32LE(size, 4 * i);
  });
  const values = complex ? [part(data, 0), part(data, 1)] : [data];
  const body = Buffer.concat([
    element(UINT32, flags),
    element(INT32, sizes),
    element(INT8, Buffer.from(name, 'latin1')),
    ...values.map((value) => element(SINGLE, bytesOf(value))),
  ]);
  return element(MATRIX, body);
}

const deflateAsync = promisify(deflate);

/** The bytes of a MAT-file with these variables. `description` opens the file's text header. */
export async function encodeMat5(
  variables: readonly MatVariable[],
  description: string,
): Promise<Uint8Array> {
  const header = Buffer.alloc(128, ' ');
  header.write(`MATLAB 5.0 MAT-file, ${description}`.slice(0, 116), 0, 'latin1');
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126, 'latin1');
  const parts: Buffer[] = [header];
  for (const variable of variables) {
    const packed = await deflateAsync(matrix(variable), { level: 1 });
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(COMPRESSED, 0);
    tag.writeUInt32LE(packed.length, 4);
    parts.push(tag, packed);
  }
  return Buffer.concat(parts);
}
