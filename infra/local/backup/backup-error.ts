/** Why a backup could not be made or restored: a code that stays, and what to do. */

const PROBLEMS = {
  state_missing: ['There is no state to back up.', 'Name the folder of the broker: DATA_DIR.'],
  state_busy: [
    'The state is in use, and the embedded cloud that uses it does not answer.',
    'Stop the broker, or wait until it is ready, and try again.',
  ],
  state_in_use: [
    'A broker is using the state.',
    'Stop the broker (Ctrl-C in its terminal), then restore again.',
  ],
  state_exists: [
    'There is a state already.',
    'Restore with --force: the old state is kept beside the new one, under another name.',
  ],
  backup_exists: [
    'There is a file of this name already.',
    'Choose another name, or overwrite it with --force.',
  ],
  backup_unnamed: ['The name of the file is empty.', 'Name a file. If a variable holds its name: is it set?'],
  backup_folder: ['This is a folder.', 'Name a file in it.'],
  backup_unwritable: [
    'No file can be written here.',
    'Name a file in a folder that exists and in which you may write.',
  ],
  backup_unreadable: [
    'There is no file of this name that can be read.',
    'Name a file that cloudmr backup has written.',
  ],
  state_mounted: [
    'The folder of the state is a mount point (a volume), which cannot be renamed.',
    'Use a folder inside it: set DATA_DIR to that folder, restore there, and start the broker with the same DATA_DIR.',
  ],
  restore_interrupted: [
    'A restore was cut off: this is the state from before, and there is no other.',
    'Restore again, or give this folder its name back, which is that of DATA_DIR.',
  ],
  backup_foreign: [
    'The file is no backup of this program.',
    'Choose a file that cloudmr backup has written.',
  ],
  backup_newer: ['The backup was made by a newer release.', 'Restore it with that release or a later one.'],
  backup_truncated: ['The backup is not complete.', 'Copy the file again, or take an older backup.'],
  backup_corrupt: ['The backup is damaged.', 'Copy the file again, or take an older backup.'],
} as const satisfies Record<string, readonly [message: string, remedy: string]>;

export type BackupProblem = keyof typeof PROBLEMS;

export class BackupError extends Error {
  readonly code: BackupProblem;
  readonly remedy: string;
  constructor(code: BackupProblem, where?: string) {
    super(where === undefined ? PROBLEMS[code][0] : `${where}: ${PROBLEMS[code][0]}`);
    this.name = 'BackupError';
    this.code = code;
    this.remedy = PROBLEMS[code][1];
  }
}
