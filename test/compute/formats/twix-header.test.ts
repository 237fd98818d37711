/** How the protocol and the lines of a TWIX file become its header. */
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import type { ScanHeader } from '../../../compute/formats/scan.ts';
import { sliceOrder } from '../../../compute/formats/slices.ts';
import { mustBeCartesian } from '../../../compute/mr/cartesian.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';
import {
  protocolTexts,
  type TestProtocol,
  type TwixTestLine,
  writeTwix,
} from '../../helpers/raw/twix-writer.ts';

const folder = temporaryFolder(t);

async function headerOf(
  protocol: Partial<TestProtocol>,
  lines: Partial<TwixTestLine>[] = [{ line: 0, centerLine: 8 }],
): Promise<ScanHeader> {
  const path = folder('header.dat');
  const texts = protocolTexts({ baseResolution: 16, lines: 16, ...protocol });
  writeTwix(path, 'vd', [
    { name: 'gre', texts, lines: lines.map((line) => ({ samples: 32, coils: 2, ...line })) },
  ]);
  const scan = await openRawScan(path);
  await scan.close();
  return scan.header;
}

t.test('partial Fourier: the grid keeps its nominal size and the centre moves', async (t) => {
  const lines = Array.from({ length: 12 }, (_, line) => ({ line, centerLine: 4 }));
  t.match(await headerOf({ lines: 16 }, lines), { encodedMatrix: { x: 32, y: 16, z: 1 }, centerLine: 4 });
});

t.test('the grid grows if the lines need more room than the protocol says', async (t) => {
  t.match(await headerOf({ lines: 16 }, [{ line: 20, centerLine: 8 }]), { encodedMatrix: { y: 25 } });
  t.match(await headerOf({ lines: 16 }, [{ line: 0, centerLine: 12 }]), { encodedMatrix: { y: 24 } });
});

t.test('3-D: partitions, slab and their oversampling', async (t) => {
  const lines = Array.from({ length: 12 }, (_, partition) => ({
    partition,
    centerPartition: 6,
    centerLine: 8,
  }));
  const yaps = {
    'sKSpace.dSliceOversamplingForDialog': 0.2,
    'sKSpace.dPhaseOversamplingForDialog': 0.6,
    'sSliceArray.asSlice[0].dThickness': 100,
  };
  const header = await headerOf({ threeD: true, partitions: 12, yaps }, lines);
  t.match(header, {
    encodedMatrix: { x: 32, y: 16, z: 12 },
    reconMatrix: { x: 16, y: 10, z: 10 },
    encodedFovMm: { x: 440, y: 352, z: 120 },
    reconFovMm: { x: 220, y: 220, z: 100 },
    centerPartition: 6,
    sliceThicknessMm: 10,
  });
});

t.test('parallel imaging', async (t) => {
  const yaps = { 'sPat.lAccelFactPE': 3, 'sPat.lRefLinesPE': 24, 'sPat.ucRefScanMode': '0x2' };
  t.match(await headerOf({ yaps }), {
    acceleration: { phase: 3, partition: 1 },
    referenceLines: 24,
    calibrationMode: 'embedded',
  });
  t.match(await headerOf({ yaps: { ...yaps, 'sPat.ucRefScanMode': '0x4' } }), {
    calibrationMode: 'separate',
  });
  t.match(await headerOf({}), { acceleration: { phase: 1 }, calibrationMode: 'none' });
});

t.test('sequences that are not one Cartesian line per readout are refused by name', async (t) => {
  const refusals: [RegExp, Partial<TestProtocol>, Partial<TwixTestLine>[]?][] = [
    [/radial/, { yaps: { 'sKSpace.ucTrajectory': '0x2' } }],
    [/spiral/, { yaps: { 'sKSpace.ucTrajectory': '0x4' } }],
    [/non-Cartesian/, { yaps: { 'sKSpace.ucTrajectory': '0x8' } }],
    [/EPI.*ramps/, { regridMode: 2 }],
    [/EPI/, { yaps: { 'sFastImaging.lEPIFactor': 5 } }],
    [/multiband/, { yaps: { 'sSliceAcceleration.lMultiBandFactor': 2 } }],
    [/EPI/, {}, [{ flags: ['PHASCOR'] }, { flags: ['ONLINE', 'REFLECT'] }]],
  ];
  for (const [message, protocol, lines] of refusals) {
    const header = await headerOf(protocol, lines);
    t.throws(() => mustBeCartesian(header), { code: 'unsupported_sequence', message, remedy: /gradient/ });
  }
  mustBeCartesian(await headerOf({}));
});

t.test('slices: geometry by counter, order and distance in space', async (t) => {
  const path = folder('slices.dat');
  // acquired interleaved and from the head down: counter 0..4 lies at 10, 0, -10, 5, -5 mm
  const heights = [10, 0, -10, 5, -5];
  const lines = heights.map((z, slice) => ({
    samples: 32,
    coils: 1,
    slice,
    centerLine: 8,
    position: [1, 2, z],
    quaternion: [1, 0, 0, 0],
  }));
  writeTwix(path, 'vd', [{ name: 'gre', texts: protocolTexts({ baseResolution: 16, lines: 16 }), lines }]);
  const scan = await openRawScan(path);
  t.teardown(() => scan.close());
  t.equal(scan.header.slices, 5);
  t.equal(scan.header.sliceThicknessMm, 5, 'the distance of neighbours');
  t.same(sliceOrder(scan.slicePositions), [2, 4, 1, 3, 0]);
  t.same(scan.slicePositions[3], {
    centerMm: [1, 2, 5],
    phaseDirection: [1, 0, 0],
    readDirection: [0, 1, 0],
    sliceDirection: [0, 0, 1],
  });
});

t.test('without geometry the order of the counter remains', async (t) => {
  t.same(sliceOrder([undefined, undefined, undefined]), [0, 1, 2]);
  t.same(sliceOrder([]), []);
});
