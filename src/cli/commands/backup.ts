/** `cloudmr backup` and `cloudmr restore`: the whole state of the broker on this machine, in one file. */
import { statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { VERSION } from '../../../compute/version.ts';
import { BackupError } from '../../../infra/local/backup/backup-error.ts';
import { type BackupOptions, makeBackup } from '../../../infra/local/backup/make.ts';
import { restoreBackup } from '../../../infra/local/backup/restore.ts';
import { STORE_GENERATION } from '../../schemas/generation.ts';
import { type Cli, CommandFailed, Interrupted } from '../command.ts';

const HOLDS = `
A backup holds accounts with the hashes of their passwords, external IDs, the secret that signs tokens and the key of
the embedded cloud: whoever has it can act as anybody. It is readable by you alone (mode 0600); keep it so.
The state is the folder DATA_DIR (.cloudmr). A broker on AWS is backed up by DynamoDB itself: docs/RUNBOOK.md.`;

/** Adds the commands. */
export function backupCommands(program: Command, cli: Cli, clock: () => number): void {
  program
    .command('backup')
    .description('the state of the broker on this machine as one file, also while it runs')
    .argument('<file>', 'a new file; - for standard output')
    .option('--with-objects', 'uploads and results too; without them jobs are kept, and their files are not')
    .option('--force', 'overwrite the file')
    .addHelpText('after', HOLDS)
    .action((file: string, flags: { withObjects?: boolean; force?: boolean }) =>
      inWords(cli, 'There is no backup.', async () => {
        const options: BackupOptions = {
          dataDir: cli.environment.dataDir,
          objects: flags.withObjects === true,
          header: {
            generation: STORE_GENERATION,
            release: VERSION,
            createdAt: new Date(clock()).toISOString(),
          },
          signal: cli.signal,
        };
        if (file === '-') return toStandardOutput(options);
        const made = await toFile(file, flags.force === true, options);
        cli.show({ file, ...made }, () =>
          [
            `${file} holds ${made.objects ? 'the state and all objects' : 'the state, without objects'}.`,
            'It holds secrets: keep it to yourself.',
          ].join('\n'),
        );
      }),
    );

  program
    .command('restore')
    .description('put a backup in the place of the state of the broker on this machine, which must not run')
    .argument('<file>', 'what cloudmr backup has written')
    .option('--force', 'replace the state that is there; it is kept under another name')
    .addHelpText('after', HOLDS)
    .action((file: string, flags: { force?: boolean }) =>
      inWords(cli, 'Nothing was changed.', async () => {
        const { dataDir } = cli.environment;
        const done = await restoreBackup({
          file: mustBeNamed(file),
          dataDir,
          force: flags.force === true,
          generation: STORE_GENERATION,
          now: clock(),
          signal: cli.signal,
        });
        const { header, entries, files, before } = done;
        cli.show({ dataDir, ...header, entries, files, before: before ?? null }, () =>
          [
            `The state of ${header.createdAt} is in ${dataDir}: ${entries} entries, ${files} files.`,
            ...(before ? [`The state from before is in ${before}.`] : []),
            ...(header.objects ? [] : ['Uploads and results are not in this backup.']),
            'Start the broker: cloudmr up',
          ].join('\n'),
        );
      }),
    );
}

async function inWords(cli: Cli, interrupted: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (cli.signal.aborted) throw new Interrupted(interrupted);
    if (error instanceof BackupError) throw new CommandFailed(error.message, error.remedy, error.code);
    throw error;
  }
}

/** A variable of the shell that is not set. */
function mustBeNamed(file: string): string {
  if (file === '') throw new BackupError('backup_unnamed');
  return file;
}

/** Written beside and renamed: the name stands for a whole backup or for nothing. */
async function toFile(file: string, force: boolean, options: BackupOptions) {
  const there = statSync(mustBeNamed(file), { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new BackupError('backup_folder', file);
  if (there && !force) throw new BackupError('backup_exists', file);
  const draft = `${file}.${process.pid}.partial`;
  const handle = await open(draft, 'wx', 0o600).catch(() => {
    throw new BackupError('backup_unwritable', file);
  });
  const sink = handle.createWriteStream({ flush: true });
  try {
    const header = await makeBackup(sink, options);
    await rename(draft, file);
    return header;
  } finally {
    // What failed before the first byte has not closed it.
    sink.destroy();
    await rm(draft, { force: true });
  }
}

async function toStandardOutput(options: BackupOptions): Promise<void> {
  // Standard output stays open: others write to it too.
  const through = new PassThrough();
  through.pipe(process.stdout, { end: false });
  await makeBackup(through, options);
}
