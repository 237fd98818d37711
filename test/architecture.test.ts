/** The import rules of ARCHITECTURE.md, as a table of allowed edges. A new folder must declare itself here. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import t from 'tap';

const ROOT = resolve(import.meta.dirname, '..');
const TOPS = ['src', 'routes', 'services', 'compute', 'infra', 'console'];

/** Layer of a file, longest prefix wins. */
const LAYERS: [prefix: string, layer: string][] = [
  ['src/schemas/', 'schemas'],
  ['src/errors.ts', 'errors'],
  ['src/config.ts', 'config'],
  ['src/plugins/', 'plugins'],
  ['src/security/', 'security'],
  ['src/aws/worker-objects.ts', 'worker-objects'],
  ['src/aws/', 'aws'],
  ['src/cli/', 'cli'],
  ['src/run-estimator.ts', 'estimator'],
  ['src/', 'root'],
  ['services/', 'services'],
  ['routes/', 'routes'],
  ['compute/array/', 'array'],
  ['compute/kernels/', 'kernels'],
  ['compute/math/', 'math'],
  ['compute/mr/', 'mr'],
  ['compute/formats/', 'formats'],
  ['compute/errors.ts', 'worker-error'],
  ['compute/', 'worker'],
  ['infra/local/demo', 'demo'],
  ['infra/local/', 'local'],
  ['infra/scripts/', 'scripts'],
  ['infra/mode2-deployment/', 'deployment'],
  ['console/', 'console'],
  ['infra/functions/', 'stack-functions'],
];

const ALLOWED: Record<string, string[]> = {
  schemas: ['schemas'],
  errors: ['schemas'],
  config: ['schemas', 'errors'],
  plugins: ['schemas', 'errors', 'plugins', 'services'],
  services: ['schemas', 'errors', 'services'],
  security: ['schemas', 'errors', 'services', 'security'],
  aws: ['schemas', 'errors', 'services', 'aws', 'worker-objects'],
  'worker-objects': ['schemas', 'worker-error'],
  routes: ['schemas', 'errors', 'plugins', 'services', 'routes'],
  root: [
    'schemas',
    'errors',
    'config',
    'plugins',
    'services',
    'security',
    'aws',
    'estimator',
    'routes',
    'root',
    'local',
    'scripts',
  ],
  estimator: ['services', 'worker', 'worker-error'],
  cli: ['schemas', 'errors', 'cli', 'worker', 'worker-error', 'formats', 'local', 'config', 'deployment'],
  array: ['array'],
  kernels: ['kernels', 'array'],
  'worker-error': ['schemas'],
  math: ['array', 'kernels', 'math'],
  mr: ['array', 'math', 'mr', 'formats', 'worker-error'],
  formats: ['array', 'formats', 'worker-error'],
  worker: [
    'array',
    'kernels',
    'math',
    'mr',
    'formats',
    'worker',
    'worker-error',
    'worker-objects',
    'schemas',
  ],
  demo: ['demo', 'local', 'schemas', 'formats'],
  local: ['schemas', 'local', 'scripts', 'errors'],
  scripts: ['schemas', 'scripts', 'services', 'root', 'config', 'deployment'],
  deployment: ['schemas', 'services', 'deployment', 'local'],
  console: ['console'],
  'stack-functions': ['stack-functions', 'local'],
};

/** External packages that only some layers may see. */
const PACKAGES: [pattern: RegExp, layers: string[]][] = [
  [/^@aws-sdk\//, ['aws', 'worker-objects']],
  [/^fastify$|^@fastify\//, ['plugins', 'routes', 'root']],
  [/^jose$|^@node-rs\/argon2$|^nodemailer$/, ['security']],
  [/^dynalite|^classic-level|^jsonata/, ['local']],
  [
    /^(node:)?fs/,
    [
      'formats',
      'worker',
      'worker-objects',
      'local',
      'demo',
      'scripts',
      'root',
      'cli',
      'kernels',
      'deployment',
    ],
  ],
];

function layerOf(file: string): string | undefined {
  return LAYERS.find(([prefix]) => file.startsWith(prefix))?.[1];
}

function sources(): string[] {
  return TOPS.flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
      .map((name) => join(top, name))
      .filter((name) => /\.tsx?$/.test(name) && !name.includes('kernels/assembly/')),
  );
}

function importsOf(file: string): { specifier: string; typeOnly: boolean }[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [];
  for (const m of text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gms)) {
    found.push({ specifier: m[2], typeOnly: Boolean(m[1]) });
  }
  for (const m of text.matchAll(/import\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ specifier: m[1], typeOnly: false });
  }
  return found;
}

t.test('every import goes along an edge that ARCHITECTURE.md allows', async (t) => {
  const wrong: string[] = [];
  for (const file of sources()) {
    const layer = layerOf(file);
    if (!layer) {
      wrong.push(`${file}: in no declared folder`);
      continue;
    }
    for (const { specifier, typeOnly } of importsOf(file)) {
      if (specifier.startsWith('.')) {
        const target = relative(ROOT, resolve(ROOT, dirname(file), specifier));
        if (!TOPS.some((top) => target.startsWith(`${top}/`))) continue;
        const to = layerOf(target);
        if (!to || !ALLOWED[layer].includes(to)) wrong.push(`${file} (${layer}) -> ${target} (${to})`);
        if (layer === 'routes' && to === 'services' && !typeOnly) {
          wrong.push(`${file}: routes import only types of services, got ${specifier}`);
        }
      } else {
        for (const [pattern, layers] of PACKAGES) {
          if (pattern.test(specifier) && !layers.includes(layer) && !(typeOnly && layer === 'services')) {
            wrong.push(`${file} (${layer}) -> package ${specifier}`);
          }
        }
      }
    }
  }
  t.same(wrong, []);
});

t.test('no import cycles', async (t) => {
  const graph = new Map<string, string[]>();
  for (const file of sources()) {
    graph.set(
      file,
      importsOf(file)
        .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
        .map(({ specifier }) => relative(ROOT, resolve(ROOT, dirname(file), specifier))),
    );
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  t.same(cycles, []);
});

t.test('the environment of the broker has one reader', async (t) => {
  const allowed = new Set([
    'src/config.ts',
    'compute/environment.ts',
    'infra/local/environment.ts',
    'infra/functions/environment.ts',
    'src/cli/environment.ts',
    'infra/mode2-deployment/environment.ts',
  ]);
  const readers = sources().filter(
    (file) => !allowed.has(file) && /process\.env\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  t.same(readers, []);
});

t.test('no file is longer than 300 lines', async (t) => {
  const long = sources()
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 301);
  t.same(long, []);
});

t.test('services and routes take time, randomness and processes from outside', async (t) => {
  const wrong = sources()
    .filter((file) => file.startsWith('services/') || file.startsWith('routes/'))
    .filter((file) => /Date\.now\(|new Date\(\)|Math\.random\(/.test(readFileSync(join(ROOT, file), 'utf8')));
  t.same(wrong, []);
});
