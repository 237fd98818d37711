import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { dividedBySine } from '../../compute/flip-angle.ts';
import { encodeNiftiGz } from '../../compute/formats/nifti.ts';
import { phantomScan } from './helpers/coils.ts';
import { run, taskDocument } from './helpers/run.ts';
import { worstRelative } from './helpers/scan.ts';

t.test('SNR corrected with a flip-angle map', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'angles-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const scan = phantomScan([3, 20, 16]);
  const correction = {
    useCorrection: true,
    faCorrection: taskDocument().options.reconstructor.options.signal,
  };
  const task = taskDocument({ reconOptions: { correction } });
  const write = async (name: string, dims: number[], angle: (i: number) => number): Promise<string> => {
    const path = join(folder, name);
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => angle(i));
    writeFileSync(
      path,
      await encodeNiftiGz({
        data,
        complex: false,
        dims,
        spacingMm: [2, 2, 5],
        affine: undefined,
        description: '',
      }),
    );
    return path;
  };
  const angles = (i: number): number => [90, 30, 150, 0, -20, 200, Number.NaN, 0.1][i % 8];
  const faCorrection = await write('angles.nii.gz', [16, 20, 1], angles);
  const { map, info } = await run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection } });
  const factors = [1, 2, 2, 0, 0, 0, 0, 0];
  const expected = map('SNR').map((snr, i) => snr * factors[i % 8]);
  t.ok(worstRelative(map('SNR_FA'), expected, 0) < 1e-6);
  t.ok(map('SNR_FA').every((value, i) => value > 0 === factors[i % 8] > 0));
  t.ok(info.data.some(({ id, name }) => id === 9 && name === 'SNR FA'));

  const radians = await write('radians.nii', [16, 20], () => 1.5);
  const warned = await run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection: radians } });
  t.match(warned.info.warnings, [/radians/]);
  const small = await write('small.nii', [8, 20], () => 90);
  await t.rejects(run({ signal: scan }, { task, inputs: { signal: 'signal', faCorrection: small } }), {
    code: 'bad_options',
    message: /8 x 20; the signal needs a real one of 16 x 20 x 1/,
  });
  await t.rejects(run({ signal: scan }, { task }), { code: 'bad_options', message: /inputs\.faCorrection/ });
  // On a matrix of another size the nearest angle counts, centre upon centre.
  t.same(
    [...dividedBySine(new Float32Array([1, 1, 1]), [3, 1], new Float32Array([30, 90]), [2, 1])],
    [2, 1, 1],
  );
});
