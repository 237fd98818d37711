/**
 * Which test files of `npm test` share a process. Most of what a file costs is its modules, and the machine code that V8
 * makes of them; ten files of a folder in one process pay that once. Each is still a test by itself, with clouds of its
 * own, one after the other (`test/helpers/together.ts`).
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const FOLDER = 'test/together';
const MOST_FILES = 10;
/**
 * What belongs to a process: files that measure or change it have one of their own. So has what writes the API's
 * document, which holds every schema that the process has given a name.
 */
const OF_PROCESS = /\bprocess\.(env|chdir|cpuUsage|memoryUsage|resourceUsage)\b|\bopenapiYaml\(/;
/** These consist of other processes, and last; apart they run beside one another. */
const APART = /^test\/(e2e|browser)\//;
const OWN_TAP = /^import t from "tap";$/m;

/** All `*.test.js` of a compiled tree that run in processes of their own, and the groups of the others by their name. */
export interface TestFiles {
  readonly alone: string[];
  /** `test/together/test-api-1.test.js` -> the files that run there. */
  readonly groups: ReadonlyMap<string, string[]>;
}

/** Decides by what the files import. */
export function testFilesOf(build: string): TestFiles {
  const files = (readdirSync(join(build, 'test'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
    .sort();
  const alone: string[] = [];
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const text = readFileSync(join(build, file), 'utf8');
    const members = folders.get(dirname(file)) ?? [];
    if (APART.test(file) || OF_PROCESS.test(text) || !OWN_TAP.test(text)) alone.push(file);
    else folders.set(dirname(file), [...members, file]);
  }
  const groups = new Map<string, string[]>();
  for (const [folder, members] of folders) {
    const count = Math.ceil(members.length / MOST_FILES);
    for (let n = 0; n < count; n++) {
      const name = `${FOLDER}/${folder.replaceAll('/', '-')}-${n + 1}.test.js`;
      groups.set(
        name,
        members.filter((_, i) => i % count === n),
      );
    }
  }
  return { alone, groups };
}

/** Writes the groups into the compiled tree, whose files then take their `t` from there. */
export function writeGroups(build: string, groups: TestFiles['groups']): void {
  const helper = join(build, 'test/helpers/together.js');
  mkdirSync(join(build, FOLDER));
  for (const [name, members] of groups) {
    for (const file of members) {
      const path = join(build, file);
      const own = `./${relative(dirname(path), helper).replaceAll('\\', '/')}`;
      writeFileSync(path, readFileSync(path, 'utf8').replace(OWN_TAP, `import { t } from "${own}";`));
    }
    const text = `import { together } from "../helpers/together.js";\nawait together(${JSON.stringify(members)});\n`;
    writeFileSync(join(build, name), text);
  }
}
