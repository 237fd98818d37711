/** A folder for the files of one test, removed when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Any object with tap's `teardown`. */
interface Ends {
  teardown(done: () => void): void;
}

/** Function that gives the path of a file of that name in the test's folder. */
export function temporaryFolder(test: Ends): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'raw-'));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
