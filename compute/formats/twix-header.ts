/**
 * The header of a TWIX scan from its protocol and from what its lines showed. Where both speak, the lines
 * win: they are what was measured. Key names are those of Siemens' protocol text.
 */
import { countOf, mustBeMatrix, roomFor } from './grid.ts';
import type { ReadoutIndex, ScanHeader, SlicePosition } from './scan.ts';
import { sliceDistance } from './slices.ts';
import type { TwixDialect } from './twix-lines.ts';
import type { TwixProtocol } from './twix-protocol.ts';

/** What the pass over the lines found out besides the index. */
export interface TwixFindings {
  readonly dialect: TwixDialect;
  readonly index: readonly ReadoutIndex[];
  readonly slicePositions: readonly (SlicePosition | undefined)[];
  /** Longest stored image line, with samples to be discarded. */
  readonly longestLine: number;
  /** Of the first image line; 0 if there is none. */
  readonly centerLine: number;
  readonly centerPartition: number;
  /** True if phase-correction lines and turned lines were seen: an EPI read-out train. */
  readonly echoTrain: boolean;
}

/** sKSpace.ucTrajectory */
const TRAJECTORIES: Record<number, ScanHeader['trajectory']> = {
  1: 'cartesian',
  2: 'radial',
  4: 'spiral',
  8: 'other',
};
/** sKSpace.ucDimension of a 3-D acquisition. */
const THREE_D = 4;
/** alRegridMode without regridding; 0 is an unused entry. */
const NO_REGRIDDING = [0, 1];
/** sPat.ucRefScanMode: lines within the acquisition, or before it. */
const CALIBRATION_MODES: Record<number, ScanHeader['calibrationMode']> = {
  2: 'embedded',
  4: 'separate',
  8: 'separate',
};

/** Dwell time of the image lines in microseconds: `alDwellTime[0]` is in ns and counts stored samples. */
export function imageDwell(protocol: TwixProtocol): number | undefined {
  const ns = protocol.number('sRXSPEC.alDwellTime[0]') ?? protocol.parameter('Meas', 'alDwellTime');
  return ns && ns > 0 ? ns / 1000 : undefined;
}

/**
 * Dwell time of noise-adjust lines in microseconds. Their own protocol does not tell; these are the values of
 * the public converter to ISMRMRD (spec 2.2). `name` is that of the measurement the lines are in.
 */
export function noiseDwell(
  dialect: TwixDialect,
  name: string,
  samples: number,
  protocol: TwixProtocol,
): number {
  if (/AdjQuietCoilSens/i.test(name)) return 4;
  if (/AdjCoilSens/i.test(name) || isNumarisX(protocol)) return 5;
  return dialect === 'vb' ? 1e6 / (130 * samples) : Math.trunc(76_800 / samples) / 10;
}

/** Numaris/X (XA) systems name themselves in the baseline or in the software version. */
function isNumarisX(protocol: TwixProtocol): boolean {
  const baseline = protocol.text('sProtConsistencyInfo.tBaselineString') ?? '';
  const software = protocol.parameterText('Dicom', 'SoftwareVersions') ?? '';
  return /NX|XA\d/.test(baseline) || /XA\d/.test(software);
}

/** Throws WorkerError('input_unreadable') if the matrix cannot be. */
export function twixHeader(protocol: TwixProtocol, found: TwixFindings): ScanHeader {
  const images = found.index.filter(({ kind }) => kind === 'image' || kind === 'calibration_and_image');
  const shown = images.length ? images : found.index;
  const grid = gridOf(protocol, found);
  const regrid =
    protocol.parameter('Meas', 'alRegridMode') ?? protocol.parameter('Meas', 'ucRegridMode') ?? 1;
  const rampSampling = !NO_REGRIDDING.includes(regrid);
  const echoTrain = found.echoTrain || rampSampling || (protocol.number('sFastImaging.lEPIFactor') ?? 1) > 1;
  const trajectory = TRAJECTORIES[protocol.number('sKSpace.ucTrajectory') ?? 1] ?? 'other';
  const thickness = protocol.number('sSliceArray.asSlice[0].dThickness');
  const noise = found.index.find(({ kind }) => kind === 'noise');
  return {
    format: found.dialect === 'vb' ? 'twix-vb' : 'twix-vd',
    coils: shown[0].coils,
    ...grid,
    slices: countOf(shown, 'slice'),
    averages: countOf(shown, 'average'),
    repetitions: countOf(shown, 'repetition'),
    contrasts: countOf(shown, 'contrast'),
    ...parallelImaging(protocol),
    trajectory: trajectory === 'cartesian' && echoTrain ? 'epi' : trajectory,
    rampSampling,
    noiseBandwidthRatio: undefined,
    noiseDwellMicroseconds: noise?.dwellMicroseconds,
    imageDwellMicroseconds: imageDwell(protocol),
    protocol: protocol.text('tProtocolName') ?? protocol.parameterText('Meas', 'tProtocolName'),
    system: systemOf(protocol),
    fieldTesla:
      protocol.parameter('Dicom', 'flMagneticFieldStrength') ??
      protocol.number('sProtConsistencyInfo.flNominalB0'),
    sliceThicknessMm:
      grid.reconMatrix.z > 1 && thickness
        ? thickness / grid.reconMatrix.z
        : (sliceDistance(found.slicePositions) ?? thickness),
  };
}

type Grid = Pick<
  ScanHeader,
  | 'encodedMatrix'
  | 'reconMatrix'
  | 'encodedFovMm'
  | 'reconFovMm'
  | 'readoutOversampling'
  | 'centerLine'
  | 'centerPartition'
>;

/**
 * Matrix and field of view. The protocol counts lines and partitions with their oversampling; the grid grows
 * if the lines need more room around k = 0 than it says.
 */
function gridOf(protocol: TwixProtocol, found: TwixFindings): Grid {
  const base = protocol.number('sKSpace.lBaseResolution');
  const factor =
    protocol.parameter('Meas', 'flReadoutOSFactor') ??
    protocol.parameter('Meas', 'ReadoutOSFactor') ??
    protocol.number('sKSpace.dReadoutOSFactor');
  const guessed = base && found.longestLine > base ? 2 : 1;
  const oversampling = factor && factor >= 1 && factor <= 16 ? factor : guessed;
  const x = Math.max(Math.round((base ?? 0) * oversampling), found.longestLine);
  const threeD = protocol.number('sKSpace.ucDimension') === THREE_D;
  const lines = protocol.number('sKSpace.lPhaseEncodingLines') ?? 0;
  const partitions = (threeD && protocol.number('sKSpace.lPartitions')) || 1;
  const measured = found.index.filter(({ kind }) => kind !== 'noise');
  const centerLine = found.centerLine || Math.floor(lines / 2);
  const centerPartition = found.centerPartition || Math.floor(partitions / 2);
  const y = roomFor(lines, centerLine, measured, 'line');
  const z = roomFor(partitions, centerPartition, measured, 'partition');
  const phaseOversampling = 1 + (protocol.number('sKSpace.dPhaseOversamplingForDialog') ?? 0);
  const sliceOversampling = 1 + (protocol.number('sKSpace.dSliceOversamplingForDialog') ?? 0);
  const fov = {
    x: protocol.number('sSliceArray.asSlice[0].dReadoutFOV') ?? 0,
    y: protocol.number('sSliceArray.asSlice[0].dPhaseFOV') ?? 0,
    z: protocol.number('sSliceArray.asSlice[0].dThickness') ?? 0,
  };
  const encodedMatrix = { x, y, z };
  const reconMatrix = {
    x: Math.max(1, Math.round(x / oversampling)),
    y: Math.max(1, Math.round(y / phaseOversampling)),
    z: Math.max(1, Math.round(z / sliceOversampling)),
  };
  mustBeMatrix('k-space grid', encodedMatrix);
  mustBeMatrix('image matrix', reconMatrix);
  return {
    encodedMatrix,
    reconMatrix,
    reconFovMm: fov,
    encodedFovMm: { x: fov.x * oversampling, y: fov.y * phaseOversampling, z: fov.z * sliceOversampling },
    readoutOversampling: oversampling,
    centerLine,
    centerPartition,
  };
}

function parallelImaging(
  protocol: TwixProtocol,
): Pick<ScanHeader, 'acceleration' | 'referenceLines' | 'calibrationMode' | 'simultaneousSlices'> {
  const phase = Math.max(1, protocol.number('sPat.lAccelFactPE') ?? 1);
  const partition = Math.max(1, protocol.number('sPat.lAccelFact3D') ?? 1);
  const mode = CALIBRATION_MODES[protocol.number('sPat.ucRefScanMode') ?? 1] ?? 'other';
  return {
    acceleration: { phase, partition },
    referenceLines: protocol.number('sPat.lRefLinesPE'),
    calibrationMode: phase * partition === 1 ? 'none' : mode,
    simultaneousSlices: Math.max(1, protocol.number('sSliceAcceleration.lMultiBandFactor') ?? 1),
  };
}

function systemOf(protocol: TwixProtocol): string | undefined {
  const parts = ['Manufacturer', 'ManufacturersModelName', 'SoftwareVersions'].flatMap(
    (name) => protocol.parameterText('Dicom', name) ?? [],
  );
  const baseline = protocol.text('sProtConsistencyInfo.tBaselineString');
  return parts.length ? parts.join(' ') : baseline && `SIEMENS ${baseline}`;
}
