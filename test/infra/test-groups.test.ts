/** Which test files share a process under `npm test`: each runs once, and a group's name leads back to its files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { testFilesOf, writeGroups } from '../../infra/scripts/test-groups.ts';

const FILE = 'import t from "tap";\n';
const MEASURES = `${FILE}t.ok(${'process'}.memoryUsage());\n`;

t.test(
  'files of a folder share processes, ten at most; what a file does to its process it does alone',
  async (t) => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}.test.js`, FILE]));
    const build = t.testdir({
      test: {
        api: { ...many, 'measures.test.js': MEASURES, 'helper.js': FILE, 'long.soak.js': FILE },
        compute: { mr: { 'one.test.js': FILE } },
        e2e: { 'whole.test.js': FILE },
        'top.test.js': FILE,
        helpers: {},
      },
    });
    const { alone, groups } = testFilesOf(build);
    t.same(alone, ['test/api/measures.test.js', 'test/e2e/whole.test.js']);
    t.same(
      [...groups].map(([name, members]) => [name, members.length]),
      [
        ['test/together/test-api-1.test.js', 6],
        ['test/together/test-api-2.test.js', 5],
        ['test/together/test-compute-mr-1.test.js', 1],
        ['test/together/test-1.test.js', 1],
      ],
    );
    t.equal(new Set([...groups.values()].flat()).size, 13, 'each once');

    writeGroups(build, groups);
    const group = readFileSync(join(build, 'test/together/test-compute-mr-1.test.js'), 'utf8');
    t.match(group, '["test/compute/mr/one.test.js"]');
    const member = readFileSync(join(build, 'test/compute/mr/one.test.js'), 'utf8');
    t.match(member, 'import { t } from "./../../helpers/together.js";');
    t.match(readFileSync(join(build, 'test/top.test.js'), 'utf8'), 'from "./helpers/together.js"');
    t.equal(readFileSync(join(build, 'test/e2e/whole.test.js'), 'utf8'), FILE);
  },
);
