import t from 'tap';
import { complexZeros, plane } from '../../compute/array/complex.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { coilImages } from './helpers/coils.ts';
import { run } from './helpers/run.ts';
import { imageLines, memoryScan, noiseLines, normals, worstRelative } from './helpers/scan.ts';

t.test('a 3-D scan becomes a volume, its planes along the slice normal', async (t) => {
  const [nz, coils, ny, nx] = [6, 3, 20, 16];
  const images = complexZeros([nz, coils, ny, nx]);
  for (let z = 0; z < nz; z++) {
    const { data } = coilImages([coils, ny, nx], { snr: 40 + 20 * z, seed: z + 1 });
    images.data.set(data, z * data.length);
  }
  const kspace = centredFft(images, [0, 2, 3], 'forward');
  const scan = memoryScan(
    {
      columns: nx,
      lines: ny,
      coils,
      header: {
        encodedMatrix: { x: nx, y: ny, z: nz },
        reconMatrix: { x: nx, y: ny, z: nz },
        reconFovMm: { x: 32, y: 40, z: 18 },
        centerPartition: 3,
      },
    },
    [
      ...noiseLines(normals(4), coils, 1000, 100),
      ...Array.from({ length: nz }, (_, partition) =>
        imageLines(plane(kspace, partition).data, [coils, ny, nx], { partition }),
      ).flat(),
    ],
  );
  const { map, header } = await run({ signal: scan });
  t.same(header('SNR').dims.slice(1, 4), [nx, ny, nz]);
  t.equal(header('SNR').pixDims[3], 3);
  // Plane 3 is the centre of the slab, at the isocentre here.
  t.ok(Math.abs(header('SNR').affine[2][3] + 9) < 1e-4);
  const expected = new Float32Array(nz * ny * nx).map((_, i) => {
    const [z, pixel] = [Math.floor(i / (ny * nx)), i % (ny * nx)];
    let sum = 0;
    for (let c = 0; c < coils; c++) {
      const p = 2 * ((z * coils + c) * ny * nx + pixel);
      sum += images.data[p] ** 2 + images.data[p + 1] ** 2;
    }
    return Math.sqrt(2 * sum);
  });
  // 100 000 noise samples: the covariance is known to about 0.3 %.
  t.ok(worstRelative(map('SNR'), expected, 0.05) < 0.02);
});
