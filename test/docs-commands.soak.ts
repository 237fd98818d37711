/**
 * What the documents name exists, and every command in them is taken by the program that it is for: flags, parameters,
 * variables, addresses of the API, codes, costs.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { readArguments } from '../infra/local/demo/arguments.ts';
import { monthlyCosts } from '../infra/mode2-deployment/cost-model.ts';
import { monthOf } from '../infra/mode2-deployment/costs.ts';
import { PROBLEMS } from '../infra/mode2-deployment/failure.ts';
import { OPTIONS } from '../infra/mode2-deployment/options.ts';
import { readRequest } from '../infra/mode2-deployment/request.ts';
import { readTemplate } from '../infra/mode2-deployment/template-file.ts';
import { SECRETS } from '../infra/scripts/platform/github-secrets.ts';
import { PROGRAMS, readPlatformRequest } from '../infra/scripts/platform/options.ts';
import { CHECKS } from '../services/preflight/catalogue.ts';
import { ERRORS } from '../src/errors.ts';
import { FAILURES } from '../src/schemas/failures.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FOREIGN = new Set(['node_modules', 'dist', 'out', 'coverage', 'cloudmr-demo']);
const tree = readdirSync(ROOT, { withFileTypes: true })
  .filter(({ name }) => !FOREIGN.has(name) && (!name.startsWith('.') || name === '.github' || name === '.ci'))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(ROOT, entry.name), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(entry.name, name),
        )
      : [entry.name],
  )
  .filter((name) => !name.includes('node_modules') && statSync(join(ROOT, name)).isFile());
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const documents = tree.filter((name) => name.endsWith('.md'));
const template = readTemplate();

/** Lines of shell: of blocks in sh, their continuations joined, and of code in the text that begins with a program. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/```(?:sh|bash)\n([\s\S]*?)```/g)].flatMap(([, body]) =>
    body.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
  const known = /^(infra\/[\w/.-]+\.sh|costs|npm run|npx|aws|register-mode2\.sh)( |$)/;
  return [
    ...blocks.map((line) => line.trim()).filter((line) => line && !line.startsWith('#')),
    ...inline.filter((code) => known.test(code)),
  ];
}

/** The words of a command behind assignments; a redirection ends it. */
function wordsOf(command: string): string[] {
  const words = (command.split(/ [<>|] | && /).at(0) ?? '').match(/\$\([^)]*\)|'[^']*'|"[^"]*"|\S+/g) ?? [];
  const plain = words.map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
  while (/^[A-Z_]+=/.test(plain[0] ?? '')) {
    plain.shift();
    if (plain[0]?.startsWith('$(')) plain.shift();
  }
  return plain;
}

for (const document of documents) {
  const text = read(document);
  const commands = commandsIn(text);

  t.test(`${document}: every command of ours is taken by its program`, async (t) => {
    for (const command of commands) {
      const [program = '', ...args] = wordsOf(command);
      const name = program.split('/').at(-1) ?? '';
      const script = name.replace(/\.sh$/, '');
      if (program === 'costs') readRequest(['costs', ...args], {});
      else if (name === 'deploy-mode2.sh') readRequest(args, {});
      else if (name === 'register-mode2.sh') readRequest(['register', ...args], {});
      else if (name.endsWith('.sh') && Object.hasOwn(PROGRAMS, script))
        readPlatformRequest([script, ...args]);
      else if (command.startsWith('npm run demo -- ') && !/FILE|results/.test(command))
        readArguments(args.slice(3));
      if (name.endsWith('.sh'))
        t.ok(
          tree.some((file) => file.endsWith(`/${name}`)),
          `${name} exists`,
        );
    }
  });

  t.test(`${document}: what is shell has the syntax of shell`, async (t) => {
    for (const command of commands) {
      const { status, stderr } = spawnSync('bash', ['-n', '-c', command], { encoding: 'utf8' });
      t.equal(status, 0, `${command}: ${stderr}`);
    }
  });

  t.test(`${document}: every flag is one of a program that exists`, async (t) => {
    const code = tree.filter(
      (name) =>
        /(^|\/)(arguments|options|main|run|snr)\.ts$|^src\/cli\/|^bench\/|^\.ci\/|^infra\/.*\.ts$|^Dockerfile|^package\.json/.test(
          name,
        ) && /\.(ts|json|sh)$|Dockerfile|run$/.test(name),
    );
    const programs = code.map(read).join('\n');
    /** Of programs that are not ours. */
    const theirs = new Set([
      '--availability-zone',
      '--stack-name',
      '--query',
      '--target',
      '--provenance',
      '--import',
      '--token',
    ]);
    for (const [, flag] of text.matchAll(/(?<=[\s`(])(--[a-z][a-z0-9-]*)/g)) {
      const bare = flag.slice(2);
      t.ok(
        theirs.has(flag) ||
          Object.hasOwn(OPTIONS, bare) ||
          new RegExp(`--${bare}\\b|(^|\\s)'?${bare}'?: \\{`, 'm').test(programs),
        `${flag} exists`,
      );
    }
  });

  t.test(`${document}: every address of the API exists`, async (t) => {
    const { paths } = parse(read('openapi.yaml')) as { paths: Record<string, Record<string, unknown>> };
    const plain = (path: string): string => path.replace(/\{[^}]*\}/g, '{}');
    for (const [, method, path] of text.matchAll(
      /(?:(GET|POST|PUT|PATCH|DELETE) )?(\/api\/[\w{}/-]*[\w}])/g,
    )) {
      const found = Object.keys(paths).find((known) => plain(known) === plain(path));
      t.ok(found, `${path} is in openapi.yaml`);
      if (method && found) t.ok(Object.hasOwn(paths[found], method.toLowerCase()), `${method} ${path}`);
    }
  });

  t.test(`${document}: every variable is read by a program`, async (t) => {
    const programs = tree.filter(
      (name) =>
        /\.(ts|mjs|sh|yaml|yml)$|\.env\.example$|^\.ci\/run$/.test(name) && !name.endsWith('.test.ts'),
    );
    const sources = programs.map(read).join('\n');
    for (const [, name] of text.matchAll(/(?<=[`\s])([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?==|`|[\s.,;:)]|$)/gm)) {
      t.ok(
        new RegExp(`\\b${name}\\b`).test(sources) || name === 'ROLLBACK_FAILED' || name === 'JOB_ID',
        `${name} is read`,
      );
    }
  });
}

t.test('the Mode 2 documents name parameters of the template, and all of them', async (t) => {
  const text = documents
    .filter((name) => name.startsWith('infra/mode2-deployment/'))
    .map(read)
    .join('\n');
  const foreign = new Set(['MapPublicIpOnLaunch', 'AssumeRole', 'GetCallerIdentity', 'Outputs']);
  const named = [...text.matchAll(/`([A-Z][a-z]+[A-Za-z0-9]*[A-Z][A-Za-z0-9]*)(?:=[^`]*)?`/g)].map(
    ([, name]) => name,
  );
  for (const name of named) t.ok(foreign.has(name) || Object.hasOwn(template.parameters, name), name);
  for (const name of Object.keys(template.parameters)) t.match(text, `\`${name}`, `${name} is explained`);
  for (const { parameter } of Object.values(OPTIONS) as { parameter?: string }[]) {
    if (parameter) t.ok(Object.hasOwn(template.parameters, parameter), parameter);
  }
});

t.test(
  'R134-R147: codes of the troubleshooting exist, and what fails a deployment is explained',
  async (t) => {
    const [, text = ''] = read('infra/mode2-deployment/MODE2-DEPLOYMENT-GUIDE.md').split(
      '## Troubleshooting',
    );
    const known = { ...PROBLEMS, ...CHECKS, ...FAILURES, ...ERRORS };
    const codes = [...text.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code]) => code);
    t.ok(codes.length > 30);
    for (const code of codes) t.ok(Object.hasOwn(known, code), code);
    for (const phase of ['Deployment fails', 'Jobs not starting', 'Jobs failing', 'Results not appearing']) {
      t.match(text, `### ${phase}`);
    }
  },
);

t.test('K3: the costs in the comparison are those that the program computes', async (t) => {
  const rows = [
    ...read('infra/mode2-deployment/MODE1-VS-MODE2.md').matchAll(
      /\| `(costs [^`]*)` \| \$([\d.]+) \| \$([\d.]+) \|/g,
    ),
  ];
  t.equal(rows.length, 4);
  for (const [, command, perJob, perMonth] of rows) {
    const costs = monthlyCosts(monthOf(readRequest(command.split(' '), {})), template);
    t.equal(costs.usdPerJob.toFixed(perJob.split('.')[1].length), perJob, command);
    t.equal(costs.usdPerMonth.toFixed(2), perMonth, command);
  }
});

t.test('R102-R109: the README names the eleven secrets of the workflow', async (t) => {
  const text = read('README.md');
  t.equal(Object.keys(SECRETS).length, 11);
  for (const name of Object.keys(SECRETS)) t.match(text, `\`${name}\``);
});
