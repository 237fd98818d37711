/** Files and tasks that cannot be run, with the failure that each must come to. */
import type { FailureCode } from '../../../src/schemas/failures.ts';
import { type BadFile, withData } from './bad-files.ts';
import type { taskDocument } from './run.ts';

type TaskParts = Parameters<typeof taskDocument>[0];

export interface Case {
  readonly what: string;
  /** A fixture, bytes, or an ISMRMRD file to be written. */
  readonly signal: string | Uint8Array | BadFile;
  readonly noise?: string | Uint8Array | BadFile;
  readonly task?: TaskParts;
  readonly code: FailureCode;
  readonly message: RegExp;
}

const isNoise = ({ flags }: { flags?: readonly number[] }): boolean => flags?.includes(19) === true;
const number = (value: number) =>
  withData(
    (acquisition, i) => !isNoise(acquisition) && i % 8 === 3,
    (data) => data.fill(value, 6, 7),
  );
const silentCoil = (coil: number) =>
  withData(isNoise, (data, { samples }) => data.fill(0, 2 * coil * samples, 2 * (coil + 1) * samples));

const accelerated = (options: object): TaskParts => ({
  recon: 'grappa',
  reconOptions: { decimate: true, accelerations: [1, 2], acl: [24, 24], ...options },
});
const sense = (options: object): TaskParts => ({ ...accelerated(options), recon: 'sense' });

export const CASES: Case[] = [
  // --- files that are none -----------------------------------------------------------------------------
  { what: 'an empty file', signal: new Uint8Array(), code: 'input_unreadable', message: /empty|bytes/ },
  {
    what: 'a text',
    signal: Buffer.from('not a scan, '.repeat(2000)),
    code: 'input_unreadable',
    message: /neither|not/,
  },
  {
    what: 'an HDF5 file of something else',
    signal: Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(4096)]),
    code: 'input_unreadable',
    message: /HDF5/,
  },
  { what: 'a folder', signal: 'folder', code: 'input_unreadable', message: /folder|file/ },
  { what: 'nothing', signal: 'missing', code: 'input_not_found', message: /no file|not/ },
  { what: 'a truncated TWIX file', signal: 'gre.dat', code: 'input_unreadable', message: /ends|missing/ },
  {
    what: 'a truncated ISMRMRD file',
    signal: 'brain16.h5',
    code: 'input_unreadable',
    message: /damaged or incomplete/,
  },
  {
    what: 'a file of noise only',
    signal: { spoil: (acquisitions) => acquisitions.filter(isNoise) },
    code: 'input_unreadable',
    message: /no image lines/,
  },
  // --- samples -----------------------------------------------------------------------------------------
  {
    what: 'not a number in the signal',
    signal: { spoil: number(Number.NaN) },
    code: 'input_unreadable',
    message: /line 3, .*number/,
  },
  {
    what: 'an infinite number in the signal',
    signal: { spoil: number(Number.POSITIVE_INFINITY) },
    code: 'input_unreadable',
    message: /line 3, /,
  },
  {
    what: 'not a number in the noise',
    signal: { spoil: withData(isNoise, (data) => data.fill(Number.NaN, 8, 9)) },
    code: 'input_unreadable',
    message: /noise/,
  },
  { what: 'zero coils', signal: { coils: 0 }, code: 'input_unreadable', message: /coil|channel/ },
  {
    what: 'zero samples',
    signal: { samples: 0, claims: [32, 32, 1] },
    code: 'input_unreadable',
    message: /sample/,
  },
  // --- noise -------------------------------------------------------------------------------------------
  { what: 'no noise at all', signal: { noiseLines: 0 }, code: 'noise_missing', message: /no noise/ },
  {
    what: 'one noise sample',
    signal: { noiseLines: 1, noiseSamples: 1 },
    code: 'noise_missing',
    message: /1 samples per coil; 4 coils need/,
  },
  {
    what: 'a coil without noise',
    signal: { spoil: silentCoil(2) },
    code: 'noise_mismatch',
    message: /Coil 2 .*singular/,
  },
  {
    what: 'a noise scan of all zeros',
    signal: { spoil: withData(isNoise, (data) => data.fill(0)) },
    code: 'noise_mismatch',
    message: /Coil 0 /,
  },
  {
    what: 'a noise scan of another coil array',
    signal: {},
    noise: { coils: 3 },
    code: 'noise_mismatch',
    message: /3 coils, the signal with 4/,
  },
  {
    what: 'a noise scan that breaks off',
    signal: 'brain16.h5 whole',
    noise: 'gre.dat',
    code: 'input_unreadable',
    message: /ends|missing/,
  },
  // --- dimensions --------------------------------------------------------------------------------------
  {
    what: 'a matrix beyond all scanners',
    signal: { claims: [60_000, 60_000, 1] },
    code: 'input_unreadable',
    message: /60000/,
  },
  {
    what: 'a matrix of billions',
    signal: { claims: [32, 4_000_000_000, 1] },
    code: 'input_unreadable',
    message: /4000000000/,
  },
  {
    what: 'a slice beyond all memory',
    signal: { claims: [16_384, 16_384, 1] },
    code: 'worker_oom',
    message: /16384/,
  },
  {
    what: 'a matrix of nothing',
    signal: { claims: [0, 0, 1] },
    code: 'input_unreadable',
    message: /matrix|k-space/,
  },
  {
    what: 'a line far outside the matrix',
    signal: { spoil: (all) => all.map((one, i) => (i === 20 ? { ...one, line: 60_000 } : one)) },
    code: 'input_unreadable',
    message: /k-space grid .* cannot be/,
  },
  { what: 'a spiral', signal: { trajectory: 'spiral' }, code: 'unsupported_sequence', message: /spiral/ },
  { what: 'an EPI with ramps', signal: 'epi.dat whole', code: 'unsupported_sequence', message: /EPI/ },
  // --- options -----------------------------------------------------------------------------------------
  {
    what: 'fewer replicas than none',
    signal: {},
    task: { name: 'pmr', options: { NR: -1 } },
    code: 'bad_options',
    message: /task\.options\.NR/,
  },
  {
    what: 'replicas without end',
    signal: {},
    task: { name: 'pmr', options: { NR: 1e9 } },
    code: 'bad_options',
    message: /task\.options\.NR/,
  },
  {
    what: 'half a replica',
    signal: {},
    task: { name: 'cr', options: { NR: 2.5 } },
    code: 'bad_options',
    message: /task\.options\.NR/,
  },
  {
    what: 'a box larger than any image',
    signal: {},
    task: { name: 'cr', options: { NR: 2, boxSize: 1000 } },
    code: 'bad_options',
    message: /task\.options\.boxSize/,
  },
  {
    what: 'no calibration lines',
    signal: {},
    task: accelerated({ acl: [0, 0] }),
    code: 'bad_options',
    message: /acl/,
  },
  {
    what: 'fewer calibration lines than the kernel is wide',
    signal: {},
    task: accelerated({ acl: [2, 2], kernelSize: [4, 4] }),
    code: 'bad_options',
    message: /kernelSize/,
  },
  {
    what: 'a kernel larger than the calibration lines',
    signal: {},
    task: accelerated({ kernelSize: [40, 40] }),
    code: 'bad_options',
    message: /kernelSize/,
  },
  {
    what: 'a kernel beyond all bounds',
    signal: {},
    task: accelerated({ kernelSize: [5000, 4] }),
    code: 'bad_options',
    message: /kernelSize/,
  },
  {
    what: 'more aliases than coils',
    signal: {},
    task: sense({ accelerations: [4, 4] }),
    code: 'bad_options',
    message: /accelerations/,
  },
  {
    what: 'an acceleration of zero',
    signal: {},
    task: sense({ accelerations: [1, 0] }),
    code: 'bad_options',
    message: /accelerations/,
  },
  {
    what: 'a method that does not exist',
    signal: {},
    task: { name: 'zmr' },
    code: 'bad_options',
    message: /task\.name/,
  },
  {
    what: 'a reconstruction that does not exist',
    signal: {},
    task: { recon: 'tsense' },
    code: 'bad_options',
    message: /reconstructor\.name/,
  },
  {
    what: 'the multiple replica method on one repetition',
    signal: {},
    task: { name: 'mr' },
    code: 'bad_options',
    message: /repetitions, and this one has 1/,
  },
];
