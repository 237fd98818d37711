/**
 * What the documents name exists, and every command in them is taken by the program that it is for: flags, parameters,
 * variables, addresses of the API, codes, costs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
import { main } from '../src/cli/main.ts';
import { ERRORS } from '../src/errors.ts';
import { FAILURES } from '../src/schemas/failures.ts';
import { blocksOf, stepsOf } from './helpers/transcript.ts';

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

/** Blocks of shell, their continuations joined. */
function shellOf(text: string): string[] {
  return [...blocksOf(text, 'sh'), ...blocksOf(text, 'bash')].map((body) => body.replace(/\\\n\s*/g, ' '));
}

/** Lines of shell: of blocks in sh, their continuations joined, and of code in the text that begins with a program. */
function commandsIn(text: string): string[] {
  const blocks = shellOf(text).flatMap((body) => body.split('\n'));
  const typed = stepsOf(text).map(({ command }) => command);
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
  const known = /^(infra\/[\w/.-]+\.sh|costs|npm run|npx|aws|cloudmr|register-mode2\.sh)( |$)/;
  return [
    ...typed,
    ...blocks.map((line) => line.trim()).filter((line) => line && !line.startsWith('#')),
    ...inline.filter((code) => known.test(code)),
  ];
}

/** What may follow a command of `cloudmr` ("" is the program), as its completion knows it. */
const cloudmrWords = new Map<string, string[]>();
async function cloudmr(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const io = { out: (line: string) => lines.push(line), err: () => undefined, terminal: false };
  await main(args, { io });
  return lines.join('\n');
}
t.before(async () => {
  for (const [, path, words] of (await cloudmr('completion', 'bash')).matchAll(
    /^ +"([^"]*)"\) words="([^"]*)"/gm,
  )) {
    cloudmrWords.set(path, words.split(' '));
  }
});

/** Why a command of `cloudmr` would not be taken; undefined: it would. */
async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const path: string[] = [];
  for (const word of args) {
    if (!cloudmrWords.has([...path, word].join(' '))) break;
    path.push(word);
  }
  const [name = ''] = path;
  if (args.length > 0 && !args[0].startsWith('-') && name === '' && args[0] !== 'help')
    return `no command ${args[0]}`;
  const group = cloudmrWords.get(path.join(' ')) ?? [];
  const [next] = args.slice(path.length);
  const isGroup = group.some((word) => cloudmrWords.has([...path, word].join(' ')));
  if (path.length > 0 && isGroup && next && /^[a-z]/.test(next))
    return `no command ${path.join(' ')} ${next}`;
  // Some programs read their flags themselves.
  const help = ['snr', 'deploy-mode2', 'doctor', 'destroy'].includes(name)
    ? await cloudmr(name, '--help')
    : '';
  const flags = new Set([
    ...group,
    ...(cloudmrWords.get('') ?? []),
    ...(help.match(/--[a-z][a-z0-9-]*/g) ?? []),
  ]);
  return args.find((word) => word.startsWith('--') && !flags.has(word.split('=')[0]));
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
      if (program === 'cloudmr' || (program === 'npx' && args[0] === 'cloudmr')) {
        t.equal(await refusalOf(program === 'npx' ? args.slice(1) : args), undefined, command);
      }
      for (const path of [program, ...args].filter((word) =>
        /^@?(infra|docs|test|compute|src|bench)\/[\w./-]+$/.test(word),
      )) {
        t.ok(existsSync(join(ROOT, path.replace(/^@/, ''))), `${path} exists`);
      }
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
    const lines = new Set(shellOf(text).flatMap((block) => block.split('\n').map((line) => line.trim())));
    // A block may span quotes over lines; what stands in the text is a command for itself.
    for (const command of [...shellOf(text), ...commands.filter((one) => !lines.has(one))]) {
      const { status, stderr } = spawnSync('bash', ['-n', '-c', command], { encoding: 'utf8' });
      t.equal(status, 0, `${command}: ${stderr}`);
    }
  });

  // Every command of the runbook is run (test/runbook.soak.ts, test/runbook-aws.soak.ts), and many are the AWS CLI's.
  const isRun = document === join('docs', 'RUNBOOK.md');
  t.test(`${document}: every flag is one of a program that exists`, { skip: isRun }, async (t) => {
    const code = tree.filter(
      (name) =>
        /(^|\/)(arguments|options|main|migrate|run|snr)\.ts$|^src\/cli\/|^bench\/|^\.ci\/|^infra\/.*\.ts$|^Dockerfile|^package\.json/.test(
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
      '--fail-with-body',
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
      /(?:(GET|POST|PUT|PATCH|DELETE) )?(?<!test)(\/api\/[\w{}/-]*[\w}])/g,
    )) {
      const found =
        Object.keys(paths).find((known) => plain(known) === plain(path)) ??
        Object.keys(paths).find((known) =>
          new RegExp(`^${plain(known).replaceAll('{}', '[^/{}]+')}$`).test(path),
        );
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

t.test('a command, a flag or a group member that does not exist is found', async (t) => {
  t.match(await refusalOf(['fly']), 'no command fly');
  t.match(await refusalOf(['run', 'a.h5', '--wings']), '--wings');
  t.match(await refusalOf(['jobs', 'fly']), 'no command jobs fly');
  t.match(await refusalOf(['snr', '--wings']), '--wings');
  t.equal(await refusalOf(['jobs', 'show', 'JOB', '--json']), undefined);
});

t.test('the Mode 2 documents name parameters of the template, and all of them', async (t) => {
  const text = documents
    .filter((name) => name.startsWith('infra/mode2-deployment/'))
    .map(read)
    .join('\n');
  const foreign = new Set([
    'MapPublicIpOnLaunch',
    'AssumeRole',
    'GetCallerIdentity',
    'Outputs',
    'BucketAlreadyOwnedByYou',
  ]);
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
