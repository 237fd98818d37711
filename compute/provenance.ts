/** Where a result comes from, as an RO-Crate: checksums of inputs and outputs, software, settings. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { posix, win32 } from 'node:path';
import type { CrateFile, CrateInput } from './formats/ro-crate.ts';
import { roCrate } from './formats/ro-crate.ts';
import { withoutSecrets } from './redact.ts';
import type { FileDigest, Run } from './run.ts';
import type { SnrTask } from './task.ts';
import { VERSION } from './version.ts';

export interface Provenance {
  readonly task: SnrTask;
  /** What was calculated, in a few words. */
  readonly how: string;
  readonly seed: number;
  /** Files of the result: name inside it, path, and what it is. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly titles: ReadonlyMap<string, string>;
}

/** The text of ro-crate-metadata.json. Reads inputs and outputs once more for their checksums. */
export async function provenanceJson(run: Run, provenance: Provenance): Promise<string> {
  const { request } = run;
  const { task, how, seed, files, titles } = provenance;
  const inputs: CrateInput[] = [];
  for (const [role, path] of Object.entries(request.inputs)) {
    if (typeof path !== 'string') continue;
    request.signal?.throwIfAborted();
    inputs.push({ role, filename: filenameOf(task, role), ...(await (request.digest ?? digestOf)(path)) });
  }
  const outputs: CrateFile[] = [];
  for (const { name, path } of files) {
    outputs.push({ name, title: titles.get(name) ?? name, ...(await digestOf(path)) });
  }
  const crate = roCrate({
    title: `SNR: ${how}`,
    description:
      'Maps of the signal-to-noise ratio of a magnetic resonance scan, calculated from its raw data.',
    startedMs: run.startedMs,
    endedMs: request.clock(),
    software: { name: 'CloudMR SNR worker', version: VERSION },
    settings: { task: withoutSecrets(request.task), seed, output: request.output },
    inputs,
    outputs,
  });
  return `${JSON.stringify(crate, undefined, 2)}\n`;
}

/** The last part of the name that the task gives a file; paths say something about people's machines. */
function filenameOf(task: SnrTask, role: string): string | undefined {
  const name =
    role === 'signal' ? task.signal.options.filename : role === 'noise' ? task.noise?.options.filename : null;
  return name ? win32.basename(posix.basename(name)) : undefined;
}

async function digestOf(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(block);
    sizeBytes += block.length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
