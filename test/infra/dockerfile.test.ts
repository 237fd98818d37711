/** The Dockerfile as text: what it copies is there, what it starts is made, and nothing runs as root. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import t from 'tap';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const dockerfile = read('Dockerfile').replace(/\\\n\s*/g, ' ');
const lines = dockerfile.split('\n');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

t.test('what is copied from here exists, and is not kept out', async (t) => {
  const ignored = read('.dockerignore').split('\n').filter(Boolean);
  const sources = lines
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1));
  t.ok(sources.length >= 9);
  for (const source of sources) {
    t.ok(existsSync(new URL(source, ROOT)), source);
    t.notOk(ignored.includes(source), `${source} is not in .dockerignore`);
  }
  for (const [, script] of dockerfile.matchAll(/npm run (\w+)/g)) t.ok(scripts[script], `npm run ${script}`);
});

t.test('what is built reaches for nothing that is not copied', async (t) => {
  const copied = lines
    .filter((line) => /^COPY (?!--from)/.test(line))
    .map((line) => line.split(' ').at(-1) ?? '');
  const built = ['src', 'routes', 'services', 'compute', 'console'];
  const reached = built.flatMap((top) =>
    readdirSync(new URL(`${top}/`, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes('assembly'))
      .flatMap((name) =>
        [...read(`${top}/${name}`).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(
          ([, path]) => posix.join(top, posix.dirname(name), path).split('/')[0],
        ),
      ),
  );
  const missing = [...new Set(reached)].filter((top) => !copied.includes(top));
  t.same(missing, []);
  t.ok(reached.includes('client'));
});

t.test('every command and every handler is the compilation of a module that is there', async (t) => {
  const started = [
    ...dockerfile.matchAll(/"(dist\/[\w./-]+)"/g),
    ...['mode2-deployment/template-mode2.yaml', 'calculation/template.yaml'].flatMap((name) => [
      ...read(`infra/${name}`).matchAll(/Command: \[(dist\/[\w./-]+)\]/g),
    ]),
    ...read('infra/broker/template.yaml').matchAll(/"(dist\/[\w./-]+\.js)"/g),
  ].map(([, path]) => path);
  t.ok(started.length >= 10, started.join());
  for (const path of started) {
    const source = path.replace(/^dist\//, '').replace(/\.(js|handler)$/, '.ts');
    t.ok(existsSync(new URL(source, ROOT)), `${path} is ${source}`);
    if (path.endsWith('.handler'))
      t.match(read(source), /export (async )?(function|const) handler\b/, source);
  }
});

t.test('T28: bases are pinned by digest, a release by those of its day; the user is not root', async (t) => {
  const bases = lines.filter((line) => line.startsWith('FROM ') && !/^FROM (build|runtime) /.test(line));
  t.equal(bases.length, 3);
  for (const base of bases) t.match(base, /\$\{(NODE|LAMBDA)_DIGEST\} AS /);
  for (const name of ['NODE', 'LAMBDA'])
    t.match(
      dockerfile,
      new RegExp(`^ARG ${name}_DIGEST="@sha256:[0-9a-f]{64}"$`, 'm'),
      'without an argument, too',
    );
  const publish = read('.github/workflows/scripts/publish-images');
  t.match(publish, '--build-arg "NODE_DIGEST=$node_base" --build-arg "LAMBDA_DIGEST=$lambda_base"');
  t.match(publish, '--provenance=false', 'Lambda takes no index');
  for (const tag of ['$' + '{GITHUB_SHA:0:7}', '$sha', '$GITHUB_SHA']) t.match(publish, `"${tag}"`, 'R79');
  const runtime = dockerfile.slice(dockerfile.indexOf(' AS runtime'));
  t.match(runtime, /^USER 1000$/m);
  t.match(dockerfile, /^HEALTHCHECK .*\/live/m);
});
