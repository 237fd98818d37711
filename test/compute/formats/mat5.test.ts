import { inflateSync } from 'node:zlib';
import t from 'tap';
import { encodeMat5 } from '../../../compute/formats/mat5.ts';

interface Variable {
  name: string;
  complex: boolean;
  dims: number[];
  real: number[];
  imaginary: number[] | undefined;
}

/** A reader of just this kind of MAT-file, written from the format's description. */
function readMat(file: Buffer): Variable[] {
  const variables: Variable[] = [];
  for (let at = 128; at < file.length; ) {
    const [type, size] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)];
    if (type !== 15) throw new Error(`element ${type} is not compressed`);
    variables.push(readMatrix(inflateSync(file.subarray(at + 8, at + 8 + size))));
    at += 8 + size;
  }
  return variables;
}

function readMatrix(bytes: Buffer): Variable {
  const parts: { type: number; data: Buffer }[] = [];
  if (bytes.readUInt32LE(0) !== 14 || bytes.readUInt32LE(4) !== bytes.length - 8)
    throw new Error('not a matrix');
  for (let at = 8; at < bytes.length; ) {
    const [type, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    parts.push({ type, data: bytes.subarray(at + 8, at + 8 + size) });
    at += 8 + Math.ceil(size / 8) * 8;
  }
  const [flags, dims, name, real, imaginary] = parts;
  const floats = ({ data }: { data: Buffer }): number[] =>
    Array.from({ length: data.length / 4 }, (_, i) => data.readFloatLE(4 * i));
  return {
    name: name.data.toString('latin1'),
    complex: (flags.data.readUInt32LE(0) & 0x800) !== 0,
    dims: Array.from({ length: dims.data.length / 4 }, (_, i) => dims.data.readInt32LE(4 * i)),
    real: floats(real),
    imaginary: imaginary && floats(imaginary),
  };
}

t.test('real and complex single arrays, with names and sizes', async (t) => {
  const file = Buffer.from(
    await encodeMat5(
      [
        { name: 'SNR', data: Float32Array.from([1, 2, 3, 4, 5, 6]), complex: false, dims: [3, 2, 1] },
        { name: 'NoiseCovariance', data: Float32Array.from([1, 2, 3, 4]), complex: true, dims: [1, 2] },
      ],
      'CloudMR',
    ),
  );
  t.equal(file.toString('latin1', 0, 19), 'MATLAB 5.0 MAT-file');
  t.equal(file.toString('latin1', 126, 128), 'IM');
  t.same(readMat(file), [
    { name: 'SNR', complex: false, dims: [3, 2, 1], real: [1, 2, 3, 4, 5, 6], imaginary: undefined },
    { name: 'NoiseCovariance', complex: true, dims: [1, 2], real: [1, 3], imaginary: [2, 4] },
  ]);
});

t.test('names that MATLAB would not take are refused', async (t) => {
  await t.rejects(
    encodeMat5([{ name: 'g Factor', data: new Float32Array(1), complex: false, dims: [1, 1] }], ''),
    RangeError,
  );
});
