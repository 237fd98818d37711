/** The XML header of an ISMRMRD file: only what `ScanHeader` needs, from the first `encoding`. */
import { XMLParser } from 'fast-xml-parser';
import { WorkerError } from '../errors.ts';
import { countOf, mustBeMatrix, roomFor } from './grid.ts';
import type { ReadoutIndex, ScanHeader, SlicePosition } from './scan.ts';
import { sliceDistance } from './slices.ts';

/** What the acquisitions showed besides the index. */
export interface IsmrmrdFindings {
  readonly index: readonly ReadoutIndex[];
  readonly slicePositions: readonly (SlicePosition | undefined)[];
  /** Longest line with its discarded samples. */
  readonly longestLine: number;
  /** True if acquisitions carry their own k-space coordinates. */
  readonly hasTrajectory: boolean;
}

/** A parsed XML element, or its text. */
type Xml = { readonly [name: string]: Xml | Xml[] | string };

const TRAJECTORIES: Record<string, ScanHeader['trajectory']> = {
  cartesian: 'cartesian',
  epi: 'epi',
  radial: 'radial',
  goldenangle: 'radial',
  spiral: 'spiral',
};
const CALIBRATION_MODES: Record<string, ScanHeader['calibrationMode']> = {
  embedded: 'embedded',
  separate: 'separate',
  external: 'separate',
};
/** Proton gyromagnetic ratio / 2 pi, in Hz per tesla. */
const HZ_PER_TESLA = 42.577_478_518e6;

/** Number of encoding spaces that the header describes. Throws as `ismrmrdHeader`. */
export function parseIsmrmrdXml(text: string): { root: Xml; encodings: Xml[] } {
  if (text.includes('<!DOCTYPE') || text.includes('<!ENTITY')) {
    throw new WorkerError(
      'input_unreadable',
      'The ISMRMRD header declares a document type; that is refused.',
    );
  }
  const parser = new XMLParser({
    ignoreAttributes: true,
    removeNSPrefix: true,
    processEntities: false,
    parseTagValue: false,
    isArray: (name) => name === 'encoding',
  });
  const root = element(parseOrRefuse(parser, text), 'ismrmrdHeader');
  const encodings = root && Array.isArray(root['encoding']) ? (root['encoding'] as Xml[]) : [];
  if (!root || encodings.length === 0 || typeof encodings[0] !== 'object') {
    throw new WorkerError('input_unreadable', 'The ISMRMRD header is not XML with an `encoding` section.');
  }
  return { root, encodings };
}

function parseOrRefuse(parser: XMLParser, text: string): Xml {
  try {
    return parser.parse(text) as Xml;
  } catch {
    // The parser's message may quote the file; where the fault lies is all that helps.
    throw new WorkerError('input_unreadable', 'The ISMRMRD header is not well-formed XML.');
  }
}

/** Throws WorkerError('input_unreadable') if the matrix is missing or cannot be. */
export function ismrmrdHeader(root: Xml, encoding: Xml, found: IsmrmrdFindings): ScanHeader {
  const images = found.index.filter(({ kind }) => kind === 'image' || kind === 'calibration_and_image');
  const shown = images.length ? images : found.index;
  const measured = found.index.filter(({ kind }) => kind !== 'noise');
  const encoded = space(encoding, 'encodedSpace');
  const recon = space(encoding, 'reconSpace');
  const centerLine = limit(encoding, 'kspace_encoding_step_1', 'center') ?? Math.floor(encoded.matrix.y / 2);
  const centerPartition =
    limit(encoding, 'kspace_encoding_step_2', 'center') ?? Math.floor(encoded.matrix.z / 2);
  const encodedMatrix = {
    x: Math.max(encoded.matrix.x, found.longestLine),
    y: roomFor(encoded.matrix.y, centerLine, measured, 'line'),
    z: roomFor(encoded.matrix.z, centerPartition, measured, 'partition'),
  };
  mustBeMatrix('k-space grid', encodedMatrix);
  const ratio = encoded.fov.x / recon.fov.x;
  const parallel = element(encoding, 'parallelImaging');
  const acceleration = parallel && element(parallel, 'accelerationFactor');
  const system = element(root, 'acquisitionSystemInformation');
  const mode = text(parallel, 'calibrationMode');
  const trajectory = TRAJECTORIES[text(encoding, 'trajectory') ?? 'cartesian'] ?? 'other';
  const frequency = number(element(root, 'experimentalConditions'), 'H1resonanceFrequency_Hz');
  return {
    format: 'ismrmrd',
    coils: shown[0].coils,
    encodedMatrix,
    reconMatrix: recon.matrix,
    reconFovMm: recon.fov,
    encodedFovMm: encoded.fov,
    readoutOversampling: Number.isFinite(ratio) && ratio > 0 ? ratio : encoded.matrix.x / recon.matrix.x,
    centerLine,
    centerPartition,
    slices: countOf(shown, 'slice'),
    averages: countOf(shown, 'average'),
    repetitions: countOf(shown, 'repetition'),
    contrasts: countOf(shown, 'contrast'),
    acceleration: {
      phase: Math.max(1, number(acceleration, 'kspace_encoding_step_1') ?? 1),
      partition: Math.max(1, number(acceleration, 'kspace_encoding_step_2') ?? 1),
    },
    referenceLines: undefined,
    simultaneousSlices: Math.max(
      1,
      number(parallel && element(parallel, 'multiband'), 'multiband_factor') ?? 1,
    ),
    calibrationMode: mode === undefined ? 'none' : (CALIBRATION_MODES[mode] ?? 'other'),
    trajectory: trajectory === 'cartesian' && found.hasTrajectory ? 'other' : trajectory,
    rampSampling: trajectory === 'epi',
    noiseBandwidthRatio: positive(number(system, 'relativeReceiverNoiseBandwidth')),
    noiseDwellMicroseconds: found.index.find(({ kind }) => kind === 'noise')?.dwellMicroseconds,
    imageDwellMicroseconds: images[0]?.dwellMicroseconds,
    protocol: text(element(root, 'measurementInformation'), 'protocolName'),
    system:
      [text(system, 'systemVendor'), text(system, 'systemModel')].filter(Boolean).join(' ') || undefined,
    fieldTesla: positive(number(system, 'systemFieldStrength_T')) ?? (frequency && frequency / HZ_PER_TESLA),
    sliceThicknessMm:
      recon.matrix.z > 1
        ? positive(recon.fov.z / recon.matrix.z)
        : (sliceDistance(found.slicePositions) ?? positive(recon.fov.z)),
  };
}

function space(encoding: Xml, name: 'encodedSpace' | 'reconSpace') {
  const section = element(encoding, name);
  const triple = (part: Xml | undefined): ScanHeader['reconFovMm'] => ({
    x: number(part, 'x') ?? 0,
    y: number(part, 'y') ?? 0,
    z: number(part, 'z') ?? 0,
  });
  const matrix = triple(section && element(section, 'matrixSize'));
  mustBeMatrix(`${name} matrix`, matrix);
  return { matrix, fov: triple(section && element(section, 'fieldOfView_mm')) };
}

function limit(encoding: Xml, counter: string, field: string): number | undefined {
  const limits = element(encoding, 'encodingLimits');
  const value = number(limits && element(limits, counter), field);
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < 65_536 ? value : undefined;
}

function element(parent: Xml | undefined, name: string): Xml | undefined {
  const child = parent && Object.hasOwn(parent, name) ? parent[name] : undefined;
  return typeof child === 'object' && !Array.isArray(child) ? child : undefined;
}

function text(parent: Xml | undefined, name: string): string | undefined {
  const child = parent && Object.hasOwn(parent, name) ? parent[name] : undefined;
  return typeof child === 'string' && child !== '' ? child : undefined;
}

function number(parent: Xml | undefined, name: string): number | undefined {
  const value = Number(text(parent, name) ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}
