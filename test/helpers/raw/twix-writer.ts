/** Writes synthetic Siemens TWIX files: VB (one measurement) and VD MultiRAID, lines of any kind. */
import { closeSync, openSync, writeSync } from 'node:fs';

/** Bits of EvalInfoMask by name. */
export const EVAL = {
  ACQEND: 0,
  RTFEEDBACK: 1,
  HPFEEDBACK: 2,
  ONLINE: 3,
  SYNCDATA: 5,
  PHASCOR: 21,
  PATREFSCAN: 22,
  PATREFANDIMASCAN: 23,
  REFLECT: 24,
  NOISEADJSCAN: 25,
  BIT60: 60,
} as const;

export interface TwixTestLine {
  readonly flags?: readonly (keyof typeof EVAL)[];
  readonly samples: number;
  readonly coils: number;
  /** Interleaved complex `[coil][sample]`. */
  readonly data?: Float32Array;
  readonly line?: number;
  readonly average?: number;
  readonly slice?: number;
  readonly partition?: number;
  readonly echo?: number;
  readonly phase?: number;
  readonly repetition?: number;
  readonly set?: number;
  readonly segment?: number;
  readonly cutOff?: readonly [pre: number, post: number];
  readonly centerColumn?: number;
  readonly centerLine?: number;
  readonly centerPartition?: number;
  readonly position?: readonly number[];
  /** (w, x, y, z) */
  readonly quaternion?: readonly number[];
  /** SYNCDATA: bytes of the packet, with its header. */
  readonly packetBytes?: number;
  /** Sets the pack bit and a DMA length of several lines, as EPI sequences do. */
  readonly packed?: boolean;
}

export interface TwixTestMeasurement {
  readonly name: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly lines: Iterable<TwixTestLine>;
  /** False: leaves out the ACQEND line. */
  readonly endMark?: boolean;
}

/** What `protocolTexts` puts into the protocol; the defaults are those of a 2-D gradient echo. */
export interface TestProtocol {
  readonly baseResolution: number;
  readonly lines: number;
  readonly partitions?: number;
  readonly threeD?: boolean;
  readonly dwellNs?: number;
  readonly name?: string;
  readonly baseline?: string;
  readonly software?: string;
  readonly regridMode?: number;
  /** Further `key = value` lines of MeasYaps. */
  readonly yaps?: Readonly<Record<string, string | number>>;
}

export function protocolTexts(protocol: TestProtocol): Record<string, string> {
  const yaps: Record<string, string | number> = {
    'sProtConsistencyInfo.tBaselineString': `"${protocol.baseline ?? 'N4_VE11C_LATEST_20160120'}"`,
    tProtocolName: `"${protocol.name ?? 'gre'}"`,
    'sRXSPEC.alDwellTime[0]': protocol.dwellNs ?? 10_000,
    'sKSpace.lBaseResolution': protocol.baseResolution,
    'sKSpace.lPhaseEncodingLines': protocol.lines,
    'sKSpace.lPartitions': protocol.partitions ?? 1,
    'sKSpace.ucDimension': protocol.threeD ? '0x4' : '0x2',
    'sKSpace.ucTrajectory': '0x1',
    'sSliceArray.asSlice[0].dThickness': 5,
    'sSliceArray.asSlice[0].dPhaseFOV': 220,
    'sSliceArray.asSlice[0].dReadoutFOV': 220,
    ...protocol.yaps,
  };
  const lines = Object.entries(yaps).map(([key, value]) => `${key}\t = \t${value}`);
  return {
    Config: '<XProtocol>\n{\n}\n',
    Dicom:
      '<XProtocol>\n{\n  <ParamString."Manufacturer">  { "SIEMENS"  }\n' +
      '  <ParamString."ManufacturersModelName">  { "Synthetic"  }\n' +
      `  <ParamString."SoftwareVersions">  { "${protocol.software ?? 'syngo MR E11'}"  }\n` +
      '  <ParamDouble."flMagneticFieldStrength">  { <Precision> 6  2.893620  }\n}\n',
    Meas:
      `<XProtocol>\n{\n  <ParamLong."alRegridMode"> \n  {\n    ${protocol.regridMode ?? 1} 1 \n  }\n` +
      '  <ParamDouble."flReadoutOSFactor"> \n  {\n  }\n' +
      '  <ParamDouble."flReadoutOSFactor"> \n  {\n    <Precision> 6 \n    2.000000 \n  }\n}\n',
    MeasYaps: `### ASCCONV BEGIN ###\n${lines.join('\n')}\n### ASCCONV END ###\n`,
    Phoenix: '',
    Spice: '',
  };
}

/** Bytes before the lines of a measurement: lengths, then every text under its name. */
export function measurementHeader(texts: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(texts).map(([name, text]) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text, 'latin1'));
    return Buffer.concat([Buffer.from(`${name}\0`, 'latin1'), length, Buffer.from(text, 'latin1')]);
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(Math.max(10_240, Math.ceil((8 + body.length) / 512) * 512));
  header.writeUInt32LE(header.length, 0);
  header.writeUInt32LE(parts.length, 4);
  body.copy(header, 8);
  return header;
}

const COUNTERS = [
  'line',
  'average',
  'slice',
  'partition',
  'echo',
  'phase',
  'repetition',
  'set',
  'segment',
] as const;

/** One line as bytes. */
export function lineBytes(dialect: 'vb' | 'vd', line: TwixTestLine, scanCounter: number): Buffer {
  const vd = dialect === 'vd';
  const coilHeader = vd ? 32 : 128;
  const coilBytes = coilHeader + 8 * line.samples;
  const computed = (vd ? 192 : 0) + line.coils * coilBytes;
  const bytes = Buffer.alloc(line.packetBytes ?? Math.max(computed, vd ? 192 : 128));
  const headerAt = (at: number): void => {
    const q = at + (vd ? 40 : 20);
    const dma = line.packetBytes ?? (vd ? computed : coilBytes);
    const mask = (line.flags ?? ['ONLINE']).reduce((all, name) => all | (1n << BigInt(EVAL[name])), 0n);
    bytes.writeUInt32LE(line.packed ? ((4 * dma) | (1 << 25)) >>> 0 : dma & 0x1ffffff, at);
    bytes.writeUInt32LE(scanCounter, at + 8);
    bytes.writeBigUInt64LE(mask, q);
    bytes.writeUInt16LE(line.samples, q + 8);
    bytes.writeUInt16LE(line.coils, q + 10);
    for (const [i, name] of COUNTERS.entries()) bytes.writeUInt16LE(line[name] ?? 0, q + 12 + 2 * i);
    bytes.writeUInt16LE(line.cutOff?.[0] ?? 0, q + 40);
    bytes.writeUInt16LE(line.cutOff?.[1] ?? 0, q + 42);
    bytes.writeUInt16LE(line.centerColumn ?? line.samples >> 1, q + 44);
    bytes.writeUInt16LE(line.centerLine ?? 0, q + 56);
    bytes.writeUInt16LE(line.centerPartition ?? 0, q + 58);
    const slice = [...(line.position ?? [0, 0, 0]), ...(line.quaternion ?? [1, 0, 0, 0])];
    for (const [i, value] of slice.entries()) bytes.writeFloatLE(value, q + (vd ? 60 : 76) + 4 * i);
  };
  if (vd || line.coils === 0) headerAt(0);
  for (let coil = 0; coil < line.coils && line.packetBytes === undefined; coil++) {
    const at = (vd ? 192 : 0) + coil * coilBytes;
    if (vd) bytes.writeUInt32LE(coilBytes << 8, at);
    else headerAt(at);
    bytes.writeUInt16LE(coil, at + (vd ? 24 : 124));
    if (line.data) {
      const { buffer, byteOffset } = line.data;
      bytes.set(
        new Uint8Array(buffer, byteOffset + 8 * coil * line.samples, 8 * line.samples),
        at + coilHeader,
      );
    }
  }
  return bytes;
}

/** Writes the file; lines are taken one after the other, so that a file may be larger than memory. */
export function writeTwix(
  path: string,
  dialect: 'vb' | 'vd',
  measurements: readonly TwixTestMeasurement[],
): void {
  const fd = openSync(path, 'w');
  let position = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const flush = (): void => {
    writeSync(fd, Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  const put = (bytes: Buffer): void => {
    pending.push(bytes);
    pendingBytes += bytes.length;
    position += bytes.length;
    if (pendingBytes > 4 << 20) flush();
  };
  const table = Buffer.alloc(10_240);
  if (dialect === 'vd') put(table);
  for (const [i, measurement] of measurements.entries()) {
    const start = position;
    let counter = 1;
    put(measurementHeader(measurement.texts));
    for (const line of measurement.lines) put(lineBytes(dialect, line, counter++));
    if (measurement.endMark !== false) {
      put(lineBytes(dialect, { flags: ['ACQEND'], samples: 16, coils: 1 }, counter));
      put(Buffer.alloc((512 - (position % 512)) % 512));
    }
    const at = 8 + 152 * i;
    table.writeUInt32LE(100 + i, at);
    table.writeUInt32LE(200 + i, at + 4);
    table.writeBigUInt64LE(BigInt(start), at + 8);
    table.writeBigUInt64LE(BigInt(position - start), at + 16);
    table.write('SYNTHETIC', at + 24, 'latin1');
    table.write(measurement.name, at + 88, 'latin1');
  }
  table.writeUInt32LE(measurements.length, 4);
  flush();
  if (dialect === 'vd') writeSync(fd, table, 0, table.length, 0);
  closeSync(fd);
}
