import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { encodeNifti } from '../../compute/formats/nifti.ts';
import { openRawScan } from '../../compute/formats/open.ts';
import type { RawScan } from '../../compute/formats/scan.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { coilImages } from './helpers/coils.ts';
import { run, taskDocument } from './helpers/run.ts';
import {
  complexNoise,
  fixture,
  imageLines,
  memoryScan,
  noiseLines,
  normals,
  transposed,
  worstRelative,
} from './helpers/scan.ts';

const BRAIN = new URL('../fixtures/raw/brain16.h5', import.meta.url).pathname;
const ALL = { coilsensitivity: true, gfactor: true, matlab: false };
const oracle = (name: string): Float32Array => transposed(fixture(`oracle/brain16/${name}.f32`), 96, 96);

/** A block `sensitivityMap` of the task. */
function maps(options: object) {
  return { sensitivityMap: { type: 'sensitivityMap', options } };
}

t.test('SENSE of a real scan: the reference answers, and the files that viewers know', async (t) => {
  const reconOptions = { decimate: true, accelerations: [1, 2], acl: [null, 24] };
  const task = taskDocument({ recon: 'sense', reconOptions });
  const result = await run(openRawScan, { task, inputs: { signal: BRAIN }, output: ALL });
  t.ok(worstRelative(result.map('SNR'), oracle('ac_sense_oracle'), 0.01) < 1e-4);
  t.ok(worstRelative(result.map('G'), oracle('ac_sense_g_oracle'), 0) < 1e-4);
  const g = result.map('G');
  t.ok(result.map('IG').every((x, i) => Math.abs(x * g[i] - 1) < 1e-5));
  const entries = result.info.data.map(({ id, filename, name, type, dim }) => ({
    id,
    filename,
    name,
    type,
    dim,
  }));
  t.match(
    entries.find(({ id }) => id === 3),
    { filename: 'data/G.nii.gz', name: 'g Factor', type: 'accessory' },
  );
  t.match(
    entries.find(({ id }) => id === 4),
    { filename: 'data/IG.nii.gz', name: 'Inverse g Factor' },
  );
  t.match(
    entries.find(({ id }) => id === 25),
    {
      filename: 'data/sensitivity_15.nii.gz',
      name: 'Coils Sensitivity 15',
      type: 'accessory',
      dim: 3,
    },
  );
  t.match(
    entries.find(({ id }) => id === 100),
    { filename: 'data/mask_00.nii.gz', type: 'mask' },
  );
  t.ok(['G', 'IG', 'sensitivity_00', 'mask_00'].every((stem) => result.files.has(`data/${stem}.png`)));
});

t.test('B1 with the sensitivities of the image itself is RSS', async (t) => {
  const task = taskDocument({ recon: 'b1' });
  const output = { ...ALL, coilsensitivity: false };
  const result = await run(openRawScan, { task, inputs: { signal: BRAIN }, output });
  t.ok(worstRelative(result.map('SNR'), oracle('ac_rss_oracle'), 0.001) < 1e-4);
  t.notOk(result.files.has('data/mask_00.nii.gz'), 'no mask without a rule and unless asked for');
  t.match(result.info.warnings, [/reconstruction "b1" has none/]);
});

const [COILS, NY, NX] = [4, 40, 32];

/** A full scan of two slices with its noise. */
function scan(coils = COILS, noise = true): RawScan {
  const random = normals(17);
  const slices = [0, 1].flatMap((slice) => {
    const images = coilImages([coils, NY, NX], { seed: 5 + slice, snr: 60 + 20 * slice });
    const kspace = centredFft(images, [1, 2], 'forward').data;
    return imageLines(kspace, [coils, NY, NX], {
      slice,
      position: {
        centerMm: [0, 0, 5 * slice],
        readDirection: [1, 0, 0],
        phaseDirection: [0, 1, 0],
        sliceDirection: [0, 0, 1],
      },
    });
  });
  const lines = noise ? [...noiseLines(random, coils, NX, 100), ...slices] : slices;
  return memoryScan({ columns: NX, lines: NY, coils, header: { slices: 2 } }, lines);
}

/** A folder for files that come with the task. */
function folder(t: Test): (name: string, bytes: Uint8Array) => string {
  const path = mkdtempSync(join(tmpdir(), 'maps-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return (name, bytes) => {
    writeFileSync(join(path, name), bytes);
    return join(path, name);
  };
}

function nifti(data: Float32Array, dims: number[], complex = false): Uint8Array {
  return encodeNifti({ data, complex, dims, spacingMm: [1, 1, 1], affine: undefined, description: '' });
}

t.test('the sensitivities of a result can be loaded again: the same SNR and g', async (t) => {
  const save = folder(t);
  const accelerated = { decimate: true, accelerations: [1, 2], acl: [null, 24] };
  const inputs = { signal: 'signal' };
  const task = taskDocument({
    recon: 'sense',
    reconOptions: {
      ...accelerated,
      ...maps({ sensitivityMapMethod: 'walsh', mask: { method: 'percentage', value: 10 } }),
    },
  });
  const first = await run({ signal: scan() }, { task, inputs, output: ALL });
  const planes = Array.from({ length: COILS }, (_, c) => first.map(`sensitivity_0${c}`));
  const all = Float32Array.from(planes.flatMap((plane) => [...plane]));
  const path = save('maps.nii', nifti(all, [NX, NY, 2, COILS], true));
  const source = { type: 'file', options: { type: 'local', filename: path } };
  const loaded = taskDocument({
    recon: 'sense',
    reconOptions: { ...accelerated, ...maps({ loadSensitivity: true, sensitivityMapSource: source }) },
  });
  const again = await run(
    { signal: scan() },
    { task: loaded, inputs: { ...inputs, sensitivityMapSource: path }, output: ALL },
  );
  t.ok(worstRelative(again.map('SNR'), first.map('SNR'), 0.01) < 1e-4);
  t.ok(worstRelative(again.map('G'), first.map('G'), 0) < 1e-4);
  const lengths = planes[0].map((_, k) =>
    k % 2 ? 0 : planes.reduce((sum, p) => sum + p[k] ** 2 + p[k + 1] ** 2, 0),
  );
  const mask = first.map('mask_00');
  t.ok(
    mask.every((inside, i) => Math.abs(lengths[2 * i] - inside) < 1e-5),
    'unit vectors in the mask, else 0',
  );
  const small = save('small.nii', nifti(all, [NX, NY, COILS, 2], true));
  await t.rejects(
    run({ signal: scan() }, { task: loaded, inputs: { ...inputs, sensitivityMapSource: small } }),
    { code: 'bad_options', message: /32 x 40 x 4 x 2; the signal needs 32 x 40 x 2 x 4, complex/ },
  );
  await t.rejects(run({ signal: scan() }, { task: loaded, inputs }), { code: 'bad_options' });
});

t.test('an uploaded mask, one plane for all slices or one each; another size is refused', async (t) => {
  const save = folder(t);
  const file = { type: 'file', options: { type: 'local', filename: 'mask.nii' } };
  const task = taskDocument({ recon: 'b1', reconOptions: maps({ mask: { method: 'upload', file } }) });
  const half = Float32Array.from({ length: NX * NY }, (_, i) => (i % NX < 16 ? 1 : 0));
  const mask = save('mask.nii', nifti(half, [NX, NY, 1]));
  const found = await run({ signal: scan() }, { task, inputs: { signal: 'signal', mask } });
  const snr = found.map('SNR');
  t.ok(snr.every((x, i) => (x === 0) === i % NX >= 16));
  t.same(found.map('mask_00'), Float32Array.from([...half, ...half]));

  const two = save('two.nii', nifti(Float32Array.from([...half, ...half.map((x) => 1 - x)]), [NX, NY, 2]));
  const each = (await run({ signal: scan() }, { task, inputs: { signal: 'signal', mask: two } })).map('SNR');
  t.ok(each.subarray(NX * NY).every((x, i) => (x === 0) === i % NX < 16));

  const turned = save('turned.nii', nifti(half, [NY, NX, 1]));
  await t.rejects(run({ signal: scan() }, { task, inputs: { signal: 'signal', mask: turned } }), {
    code: 'bad_options',
    message: /mask file is real of size 40 x 32; the signal needs 32 x 40/,
  });
  await t.rejects(run({ signal: scan() }, { task, inputs: { signal: 'signal' } }), {
    code: 'bad_options',
    message: /asks for a mask/,
  });
});

t.test('a body-coil scan: the same grid, or it is refused', async (t) => {
  const source = { type: 'file', options: { type: 'local', filename: 'body.h5' } };
  const task = taskDocument({
    recon: 'b1',
    reconOptions: maps({ sensitivityMapMethod: 'bodycoil', sensitivityMapSource: source }),
  });
  const inputs = { signal: 'signal', sensitivityMapSource: 'body' };
  const result = await run({ signal: scan(), body: scan(1, false) }, { task, inputs, output: ALL });
  const rss = await run({ signal: scan() }, { task: taskDocument(), inputs: { signal: 'signal' } });
  const [b1, plain] = [result.map('SNR'), rss.map('SNR')];
  const ratios = [...plain].flatMap((x, i) => (x > 30 && b1[i] > 0 ? [b1[i] / x] : [])).sort((p, q) => p - q);
  t.ok(ratios.length > 500);
  // Weights from neighbours too: at the rim of so small an image a few per cent of the SNR are lost, none gained.
  t.ok(ratios[ratios.length >> 1] > 0.99, `median ${ratios[ratios.length >> 1]}`);
  t.ok(
    ratios[0] > 0.8 && ratios[ratios.length - 1] < 1 + 1e-5,
    `${ratios[0]} to ${ratios[ratios.length - 1]}`,
  );
  t.equal(b1[0], 0, 'nothing where the body coil sees nothing');
  const other = memoryScan(
    { columns: 16, lines: NY, coils: 1 },
    imageLines(complexNoise(normals(2), NY * 16), [1, NY, 16]),
  );
  await t.rejects(run({ signal: scan(), body: other }, { task, inputs }), {
    code: 'bad_options',
    message: /body-coil scan has the size 16 x 40 x 1; the signal has 32 x 40 x 2/,
  });
});

t.test(
  'a matrix that the acceleration does not divide: more, smaller pixels over the same field of view',
  async (t) => {
    const task = taskDocument({
      recon: 'sense',
      reconOptions: { decimate: true, accelerations: [1, 3], acl: [null, 24] },
    });
    const result = await run({ signal: scan() }, { task, inputs: { signal: 'signal' }, output: ALL });
    t.same(result.outcome.summary.matrix, [NX, 42]);
    const header = result.header('SNR');
    t.same(header.dims.slice(1, 4), [NX, 42, 2]);
    t.ok(Math.abs(header.pixDims[2] - (2 * 40) / 42) < 1e-5);
    // The centre stays: voxel 21 of 42 is where voxel 20 of 40 was, at y = 0.
    const [, row] = header.affine;
    t.ok(Math.abs(row[1] * 21 + row[3]) < 1e-4);
  },
);
