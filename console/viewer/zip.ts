/**
 * Reads result zips in the browser: the table of contents at once, files when they are asked for. Nothing is sent
 * anywhere, so results of Mode 2 go from the researcher's bucket to this page and no further.
 * Format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14-16 (zip64), 4.4.5 (stored and deflated).
 */

export interface ZipFile {
  readonly name: string;
  /** Size of the content in bytes. */
  readonly size: number;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const MAX_COMMENT = 65_535;
const ALL_ONES = 0xffff_ffff;

/** The files of a zip by their names. Throws Error if the bytes are no zip, or one cut short. */
export function openZip(buffer: ArrayBuffer): Map<string, ZipFile> {
  const view = new DataView(buffer);
  const end = findEnd(view);
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === ALL_ONES) {
    if (end < 20 || view.getUint32(end - 20, true) !== LOCATOR_64) throw broken();
    const end64 = Number(view.getBigUint64(end - 12, true));
    if (view.getUint32(end64, true) !== END_64) throw broken();
    count = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
  }
  const files = new Map<string, ZipFile>();
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== ENTRY) throw broken();
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, nameLength));
    files.set(name, fileOf(view, at, name, at + 46 + nameLength, extraLength));
    at += 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  }
  return files;
}

function fileOf(view: DataView, at: number, name: string, extraAt: number, extraLength: number): ZipFile {
  const method = view.getUint16(at + 10, true);
  const checksum = view.getUint32(at + 16, true);
  const wide = zip64Fields(view, extraAt, extraLength);
  const sized = (offset: number): number => {
    const value = view.getUint32(at + offset, true);
    return value === ALL_ONES ? Number(wide.shift() ?? 0n) : value;
  };
  // In this order they stand in the extra field.
  const size = sized(24);
  const packed = sized(20);
  const start = sized(42);
  return {
    name,
    size,
    async read() {
      if (view.getUint32(start, true) !== LOCAL) throw broken();
      const dataAt = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
      const bytes = new Uint8Array(view.buffer as ArrayBuffer, dataAt, packed);
      const content = method === STORED ? bytes.slice() : await through(bytes, method, name);
      if (content.length !== size || crc32(content) !== checksum)
        throw new Error(`${name} in the zip is damaged`);
      return content;
    },
  };
}

async function through(bytes: Uint8Array<ArrayBuffer>, method: number, name: string) {
  if (method !== DEFLATED) throw new Error(`${name} is packed in a way that browsers do not know`);
  return expand(bytes, 'deflate-raw');
}

/** Expands compressed bytes. */
export async function expand(
  bytes: Uint8Array<ArrayBuffer>,
  format: 'deflate-raw' | 'gzip',
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function zip64Fields(view: DataView, at: number, length: number): bigint[] {
  for (let here = at; here + 4 <= at + length; here += 4 + view.getUint16(here + 2, true)) {
    if (view.getUint16(here, true) !== 1) continue;
    const fields = Math.floor(view.getUint16(here + 2, true) / 8);
    return Array.from({ length: fields }, (_, i) => view.getBigUint64(here + 4 + 8 * i, true));
  }
  return [];
}

function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - 22 - MAX_COMMENT);
  for (let at = view.byteLength - 22; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw broken();
}

const broken = (): Error => new Error('The result is not a zip, or was cut short on its way. Load it again.');

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** The checksum of a file in a zip (4.4.7). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
