/** Opens a raw-data file of any supported format. What a file is, its content decides, never its name. */
import { WorkerError } from '../errors.ts';
import { openIsmrmrd } from './ismrmrd.ts';
import { openRawFile, type RawFile } from './raw-file.ts';
import type { RawScan } from './scan.ts';
import { openTwix } from './twix.ts';
import { looksLikeTwix } from './twix-file.ts';

/** No answer of the HDF5 library about a sound file takes this long. */
const DECODE_TIMEOUT_MS = 4000;

/**
 * Opens an ISMRMRD or Siemens TWIX file and indexes its readouts; samples are read later, see `RawScan`.
 * `decodeTimeoutMs`: how long the HDF5 library may stay silent before the file counts as damaged.
 * Throws WorkerError: input_not_found if there is no such file, input_unreadable if it is damaged or something
 * else; the message then says what it looks like.
 */
export async function openRawScan(
  path: string,
  options: { decodeTimeoutMs?: number } = {},
): Promise<RawScan> {
  const file = await openRawFile(path);
  const format = await formatOf(file);
  return format === 'ismrmrd'
    ? openIsmrmrd(file, options.decodeTimeoutMs ?? DECODE_TIMEOUT_MS)
    : openTwix(file);
}

async function formatOf(file: RawFile): Promise<'ismrmrd' | 'twix'> {
  try {
    if (hasHdf5Signature(file)) return 'ismrmrd';
    const other = otherFormat(file);
    if (other === undefined && looksLikeTwix(file)) return 'twix';
    throw new WorkerError(
      'input_unreadable',
      `The input is neither ISMRMRD (HDF5) nor Siemens TWIX raw data: ${other ?? somethingElse(file)}.`,
    );
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The HDF5 signature may stand at 0, 512, 1024, 2048, ... behind a block of the user's own. */
function hasHdf5Signature(file: RawFile): boolean {
  const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
  for (let at = 0; at + signature.length <= file.size; at = at === 0 ? 512 : 2 * at) {
    if (file.bytes(at, signature.length).equals(signature)) return true;
  }
  return false;
}

/** Formats that people upload by mistake: where a mark of theirs stands and what to call them. */
const MARKS: readonly [position: number, mark: string, name: string][] = [
  [0, '\x1f\x8b', 'it is compressed with gzip; unpack it first'],
  [0, 'PK\x03\x04', 'it is a zip archive; unpack it first'],
  [0, 'BZh', 'it is compressed with bzip2; unpack it first'],
  [0, '\xfd7zXZ', 'it is compressed with xz; unpack it first'],
  [0, '7z\xbc\xaf', 'it is a 7z archive; unpack it first'],
  [257, 'ustar', 'it is a tar archive; unpack it first'],
  [344, 'n+1\0', 'it is a NIfTI image, not raw data'],
  [344, 'ni1\0', 'it is the header of a NIfTI image, not raw data'],
  [128, 'DICM', 'it is a DICOM image, not raw data'],
  [0, 'MATLAB 5.0', 'it is a MATLAB file, not raw data'],
  [0, '\x89PNG', 'it is a PNG picture'],
  [0, '%PDF', 'it is a PDF document'],
];

function otherFormat(file: RawFile): string | undefined {
  if (file.size === 0) return 'the file is empty';
  const head = file.bytes(0, 512).toString('latin1');
  const found = MARKS.find(([position, mark]) => head.startsWith(mark, position));
  if (found) return found[2];
  return /^[\t\n\r\x20-\x7e]+$/.test(head) ? 'it is text' : undefined;
}

function somethingElse(file: RawFile): string {
  return `its ${file.size} bytes begin with ${file.bytes(0, 8).toString('hex')}`;
}
