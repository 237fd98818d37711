import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { encodeNifti, encodeNiftiGz } from '../../../compute/formats/nifti.ts';
import { decodeNifti, readNiftiFile } from '../../../compute/formats/nifti-read.ts';

const VOLUME = {
  data: Float32Array.of(1, 2, 3, 4, 5, 6),
  complex: false,
  dims: [3, 2, 1],
  spacingMm: [1, 1, 1],
  affine: undefined,
  description: '',
} as const;

/** A header for other kinds of numbers, of either byte order, followed by their bytes. */
function file(type: number, dims: number[], bytes: Uint8Array, little = true, slope = 0, intercept = 0) {
  const out = new Uint8Array(352 + bytes.length);
  const view = new DataView(out.buffer);
  view.setInt32(0, 348, little);
  view.setInt16(40, dims.length, little);
  dims.forEach((n, i) => {
    view.setInt16(42 + 2 * i, n, little);
  });
  view.setInt16(70, type, little);
  view.setFloat32(108, 352, little);
  view.setFloat32(112, slope, little);
  view.setFloat32(116, intercept, little);
  out.set([0x6e, 0x2b, 0x31, 0], 344);
  out.set(bytes, 352);
  return out;
}

t.test('what the worker writes can be read again, also compressed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nifti-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.bin');
  writeFileSync(path, encodeNifti(VOLUME));
  t.same(await readNiftiFile(path, 'mask'), { dims: [3, 2], complex: false, data: VOLUME.data });
  const complex = { ...VOLUME, complex: true, dims: [3, 1, 1], data: Float32Array.of(1, -1, 2, -2, 3, -3) };
  writeFileSync(path, await encodeNiftiGz(complex));
  t.same(await readNiftiFile(path, 'mask'), { dims: [3], complex: true, data: complex.data });
});

t.test('numbers of every kind, either byte order, scaled', async (t) => {
  t.same([...decodeNifti(file(2, [3], Uint8Array.of(0, 1, 255)), 'm').data], [0, 1, 255]);
  t.same([...decodeNifti(file(256, [2], Uint8Array.of(1, 255)), 'm').data], [1, -1]);
  t.same([...decodeNifti(file(4, [2], Uint8Array.of(1, 0, 255, 255)), 'm').data], [1, -1]);
  t.same([...decodeNifti(file(4, [2], Uint8Array.of(0, 1, 255, 255), false), 'm').data], [1, -1]);
  t.same([...decodeNifti(file(512, [1], Uint8Array.of(255, 255)), 'm').data], [65535]);
  t.same([...decodeNifti(file(8, [1], Uint8Array.of(2, 1, 0, 0)), 'm').data], [258]);
  t.same([...decodeNifti(file(768, [1], Uint8Array.of(0, 0, 0, 128)), 'm').data], [2 ** 31]);
  const doubles = new Uint8Array(Float64Array.of(0.5, -2).buffer);
  t.same([...decodeNifti(file(64, [2], doubles), 'm').data], [0.5, -2]);
  t.same(decodeNifti(file(1792, [1], doubles), 'm'), {
    dims: [1],
    complex: true,
    data: Float32Array.of(0.5, -2),
  });
  t.same([...decodeNifti(file(2, [2], Uint8Array.of(1, 3), true, 2, 10), 'm').data], [12, 16]);
});

t.test('files that are none, or lie about their size, are refused before memory is taken', async (t) => {
  const refused = (bytes: Uint8Array, message: RegExp): void =>
    void t.throws(() => decodeNifti(bytes, 'mask'), { code: 'input_unreadable', message });
  refused(new Uint8Array(10), /too short/);
  refused(new Uint8Array(400), /not NIfTI-1/);
  refused(file(128, [2], new Uint8Array(6)), /type 128/);
  refused(file(16, [2, 2], new Uint8Array(15)), /truncated: 2 x 2/);
  refused(file(16, [32767, 32767, 32767], new Uint8Array(16)), /too large/);
  refused(file(16, [2, -2], new Uint8Array(16)), /2 x -2/);
  refused(file(16, [], new Uint8Array(16)), /0 dimensions/);
});

t.test('missing files and broken compression are told apart', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nifti-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await t.rejects(readNiftiFile(join(folder, 'none'), 'mask'), { code: 'input_not_found' });
  const path = join(folder, 'cut.nii.gz');
  writeFileSync(path, gzipSync(encodeNifti(VOLUME)).subarray(0, 60));
  await t.rejects(readNiftiFile(path, 'mask'), { code: 'input_unreadable', message: /decompressed/ });
});
