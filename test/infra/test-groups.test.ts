/** Which test files share a process under `npm test`: each runs once, and a group's name leads back to its files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { testFilesOf, writeGroups } from '../../infra/scripts/test-groups.ts';

const STARTS = 'import t from "tap";\nimport { broker } from "../helpers/http.js";\n';
const OTHER = 'import t from "tap";\n';

t.test(
  'files that start the embedded cloud share processes, ten at most; the others have their own',
  async (t) => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}.test.js`, STARTS]));
    const build = t.testdir({
      test: {
        api: { ...many, 'apart.test.js': OTHER, 'helper.js': STARTS, 'long.soak.js': STARTS },
        aws: { 'one.test.js': STARTS.replace('http', 'cloud') },
        'top.test.js': OTHER,
        helpers: {},
      },
    });
    const { alone, groups } = testFilesOf(build);
    t.same(alone, ['test/api/apart.test.js', 'test/top.test.js']);
    t.same(
      [...groups].map(([name, members]) => [name, members.length]),
      [
        ['test/together/api-1.test.js', 6],
        ['test/together/api-2.test.js', 5],
        ['test/together/aws-1.test.js', 1],
      ],
    );
    t.equal(new Set([...groups.values()].flat()).size, 12, 'each once');

    writeGroups(build, groups);
    t.match(readFileSync(join(build, 'test/together/aws-1.test.js'), 'utf8'), '["test/aws/one.test.js"]');
    const member = readFileSync(join(build, 'test/api/a0.test.js'), 'utf8');
    t.match(member, 'import { t } from "../helpers/together.js";');
    t.equal(readFileSync(join(build, 'test/top.test.js'), 'utf8'), OTHER);
  },
);
