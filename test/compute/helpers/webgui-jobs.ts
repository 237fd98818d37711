/**
 * The 22 job bodies that the web GUI posts, run on real files: a Siemens scan of 2 coils with its noise scan, and a
 * scan of 16 coils that holds its own noise. Each succeeds, or is refused with the code and words said here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { encodeNiftiGz } from '../../../compute/formats/nifti.ts';
import { openRawScan } from '../../../compute/formats/open.ts';
import type { RunRequest } from '../../../compute/run.ts';
import { runToFolder } from '../../../compute/run-job.ts';
import { createRunLog } from '../../../compute/run-log.ts';
import { fixture } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';

type Path = (name: string) => string;

interface Body {
  readonly task: Record<string, unknown>;
  readonly output: RunRequest['output'];
}

/** Maps of a success by their stems, or the words of the refusal (always `bad_options`). */
type Expected = readonly string[] | RegExp;

/** Six pixels fall together at [2, 3]; two coils cannot tell them apart. */
const TOO_FEW_COILS = /2 coils cannot separate the 6 pixels/;
const ONE_REPETITION = /needs a scan with repetitions, and this one has 1/;
/** Bounds of the median SNR, which an acceleration of six lowers to a quarter or so. */
const MEDIANS = { 2: [5, 60], 16: [15, 160] } as const;
const REPLICAS = ['SNR', 'PRECISION'];
const G = ['G', 'IG'];

/** The SNR with `more`, the sensitivities of the coils and their mask. */
function withMaps(coils: number, ...more: string[]): string[] {
  const maps = Array.from({ length: coils }, (_, i) => `sensitivity_${String(i).padStart(2, '0')}`);
  return ['SNR', ...more, ...maps, 'mask_00'];
}

/** What each body gives on 2 and on 16 coils. */
const TABLE: Record<string, readonly [two: Expected, sixteen: Expected]> = {
  'ac-rss': [['SNR'], ['SNR']],
  'ac-b1-nomask': [withMaps(2), withMaps(16)],
  'ac-b1-percentage': [withMaps(2), withMaps(16)],
  'ac-b1-espirit': [withMaps(2), withMaps(16)],
  'ac-b1-upload': [withMaps(2), withMaps(16)],
  'ac-sense-nodecimate': [withMaps(2, ...G), withMaps(16, ...G)],
  'ac-sense-decimate-all': [TOO_FEW_COILS, withMaps(16, ...G)],
  'ac-sense-decimate-acl24-gfactor': [TOO_FEW_COILS, withMaps(16, ...G)],
  'ac-sense-nogfactor': [TOO_FEW_COILS, ['SNR']],
  'mr-rss': [ONE_REPETITION, ONE_REPETITION],
  'pmr-rss': [REPLICAS, REPLICAS],
  'pmr-b1': [withMaps(2, 'PRECISION'), withMaps(16, 'PRECISION')],
  'pmr-sense': [TOO_FEW_COILS, withMaps(16, ...G, 'PRECISION')],
  'pmr-grappa-decimate': [REPLICAS, REPLICAS],
  'pmr-grappa-acl24': [REPLICAS, REPLICAS],
  'pmr-grappa-nodecimate': [REPLICAS, REPLICAS],
  'cr-rss': [REPLICAS, REPLICAS],
  'cr-b1': [withMaps(2, 'PRECISION'), withMaps(16, 'PRECISION')],
  'cr-sense': [TOO_FEW_COILS, withMaps(16, ...G, 'PRECISION')],
  'cr-grappa': [REPLICAS, REPLICAS],
  'ac-rss-fa': [
    ['SNR', 'SNR_FA'],
    ['SNR', 'SNR_FA'],
  ],
  'ac-rss-multiraid': [['SNR'], ['SNR']],
};

const jobs = JSON.parse(
  readFileSync(new URL('../../fixtures/webgui-jobs.json', import.meta.url), 'utf8'),
) as Record<string, Body>;
async function uploads(
  path: Path,
  columns: number,
  lines: number,
): Promise<{ mask: string; faCorrection: string }> {
  const files = { mask: path(`mask-${columns}.nii.gz`), faCorrection: path(`fa-${columns}.nii.gz`) };
  for (const [name, value] of [
    ['mask', 1],
    ['faCorrection', 30],
  ] as const) {
    const data = new Float32Array(columns * lines).fill(value);
    const dims = [columns, lines, 1] as const;
    const options = {
      data,
      complex: false,
      dims,
      spacingMm: [1, 1, 1] as const,
      affine: undefined,
      description: '',
    };
    writeFileSync(files[name], await encodeNiftiGz(options));
  }
  return files;
}

async function outcomeOf(
  { task, output }: Body,
  inputs: RunRequest['inputs'],
  folder: string,
): Promise<string[] | Error> {
  try {
    const { files } = await runToFolder(
      {
        task,
        output,
        inputs,
        seed: 1,
        threads: 1,
        openScan: openRawScan,
        clock: () => 0,
        log: createRunLog(() => 0),
        onProgress: () => undefined,
      },
      folder,
    );
    return files.map(({ name }) => name);
  } catch (error) {
    return error as Error;
  }
}

/** Tests all bodies on the scan with so many coils. */
export async function testWebguiJobs(t: Test, coils: 2 | 16): Promise<void> {
  const path = temporaryFolder(t);
  const size = coils === 2 ? 160 : 96;
  const files = await uploads(path, size, size);
  t.same(Object.keys(TABLE).sort(), Object.keys(jobs).sort(), 'the table has all bodies');
  for (const [name, [two, sixteen]] of Object.entries(TABLE)) {
    const wanted = coils === 2 ? two : sixteen;
    const [low, high] = MEDIANS[coils];
    await t.test(name, async (t) => {
      const folder = path('result');
      const outcome = await outcomeOf(jobs[name], { ...scanFor(name, coils), ...files }, folder);
      if (wanted instanceof RegExp) {
        t.match(outcome, { name: 'bad_options', message: wanted, remedy: String });
        return;
      }
      if (!Array.isArray(outcome)) throw outcome;
      const stems = outcome.filter((file) => file.endsWith('.nii.gz')).map((file) => file.slice(5, -7));
      t.same(stems.sort(), [...wanted, 'NC', 'NCC'].sort());
      t.equal(outcome.includes('matlab.mat'), jobs[name].output.matlab);
      const { statistics } = JSON.parse(readFileSync(join(folder, 'info.json'), 'utf8'));
      t.ok(statistics.median > low && statistics.median < high, `median ${statistics.median}`);
    });
  }
}

function scanFor(name: string, coils: 2 | 16): { signal: string; noise?: string } {
  if (coils === 16) return { signal: fixture('brain16.h5') };
  if (name.endsWith('multiraid')) return { signal: fixture('multi.dat') };
  return { signal: fixture('gre.dat'), noise: fixture('noise.dat') };
}
