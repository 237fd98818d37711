/** Speed against numpy: the same input, alternating runs, CPU time, and a comparison of the results. */
import type { Case, Measured } from './cases.ts';
import { speedCases } from './cases.ts';
import type { Row } from './measure.ts';
import { cpuSeconds, median, ratioInObject, rowOf, worstMisalignment, worstRelative } from './measure.ts';
import type { Peer } from './peer.ts';
import { startPeer } from './peer.ts';
import type { Phantom } from './phantom.ts';
import { phantom } from './phantom.ts';
import { SIZES } from './sizes.ts';

/** CPU seconds of our side before anything is measured: code is compiled while it runs. */
const WARM_UP_SECONDS = 0.6;
const MOST_WARM_UP = 60;

export async function speedRows(python: string, wanted: RegExp): Promise<Row[]> {
  const slice = phantom(SIZES);
  const { re, im, size } = slice.noise.covariance;
  const covariance = new Float64Array(2 * size * size);
  for (let i = 0; i < size * size; i++) covariance.set([re[i], im[i]], 2 * i);
  const peer = await startPeer(python, SIZES, {
    'kspace.c64': slice.kspace.data,
    'maps.c64': slice.maps.data,
    'covariance.c128': covariance,
  });
  try {
    const rows: Row[] = [];
    for (const one of speedCases().filter(({ name }) => wanted.test(name))) {
      rows.push(await compare(one, peer, slice));
    }
    return rows;
  } finally {
    peer.close();
  }
}

async function compare(one: Case, peer: Peer, slice: Phantom): Promise<Row> {
  // Each run uses its k-space up; as in a job, the next slice comes into the memory of the one before.
  const data = new Float32Array(slice.kspace.data.length);
  const measured = (): Measured => {
    data.set(slice.kspace.data);
    return { ...slice, kspace: { ...slice.kspace, data } };
  };
  await peer.run(one.key);
  let arrays: Record<string, Float32Array> = {};
  let spent = 0;
  for (let i = 0; i < MOST_WARM_UP && spent < WARM_UP_SECONDS; i++) {
    spent += cpuSeconds(() => {
      arrays = one.ours(measured());
    });
  }
  const ours: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < one.rounds; round++) {
    other.push(await peer.run(one.key));
    const input = measured();
    ours.push(
      cpuSeconds(() => {
        arrays = one.ours(input);
      }),
    );
  }
  return rowOf({
    name: one.name,
    ours: median(ours),
    other: median(other),
    floor: one.floor,
    unit: 's',
    ...(await agreementOf(one, arrays, peer, slice.object)),
  });
}

async function agreementOf(
  { key, agreement }: Case,
  arrays: Record<string, Float32Array>,
  peer: Peer,
  object: Float32Array,
): Promise<Pick<Row, 'accuracy' | 'agrees'>> {
  if ('tolerance' in agreement) {
    const parts = Object.entries(arrays).map(([name, values]) => ({
      name,
      worst:
        name === 'maps'
          ? worstMisalignment(values, peer.result(key, name), object)
          : worstRelative(values, peer.result(key, name)),
    }));
    return {
      accuracy: parts.map(({ name, worst }) => `${name} ${worst.toExponential(1)}`).join(', '),
      agrees: parts.every(({ worst }) => worst <= agreement.tolerance),
    };
  }
  // Replica methods draw other numbers on each side; both must scatter around the analytic SNR as they should.
  const expected = { median: 1, deviation: 1 / Math.sqrt(2 * agreement.draws) };
  await peer.run(agreement.analytic);
  const truth = peer.result(agreement.analytic, 'snr');
  const sides = [arrays.snr, peer.result(key, 'snr')].map((snr) => ratioInObject(snr, truth, object));
  return {
    accuracy: sides.map((side) => `${side.median.toFixed(3)} +- ${side.deviation.toFixed(3)}`).join(' / '),
    agrees: sides.every(
      (side) =>
        Math.abs(side.median - expected.median) < 0.02 &&
        Math.abs(side.deviation / expected.deviation - 1) < 0.25,
    ),
  };
}
