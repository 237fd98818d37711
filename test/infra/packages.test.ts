/** What is installed is what was looked at: exact versions, digests, registries only. */
import { readFileSync } from 'node:fs';
import t from 'tap';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Record<string, string>;
}

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(read('package-lock.json'));
const [[, own], ...installed] = Object.entries(lock.packages);
/** Brought along as they are, and compiled only if no binary fits. */
const WITH_SCRIPTS = ['node_modules/classic-level', 'node_modules/esbuild'];

t.test('T29: every package is locked by a digest, and comes from no repository or address', async (t) => {
  t.ok(installed.length > 100);
  for (const [name, { version, integrity, resolved, link, dependencies = {} }] of installed) {
    const locked = /^sha512-[\w+/]{86}==$/.test(integrity ?? '') && /^\d+\.\d+\.\d+/.test(version ?? '');
    if (!locked || resolved !== undefined || link) t.fail(`${name} is not locked`);
    const foreign = Object.entries(dependencies).filter(([, wanted]) => /^(git|https?|file)|\//.test(wanted));
    if (foreign.length > 0) t.same(foreign, [], `what ${name} asks for`);
  }
});

t.test('T29: what this project asks for is one version each, and the lock file says the same', async (t) => {
  for (const group of ['dependencies', 'devDependencies'] as const) {
    const wanted: Record<string, string> = manifest[group];
    for (const [name, version] of Object.entries(wanted)) {
      t.match(version, /^\d+\.\d+\.\d+$/, name);
      t.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  }
  t.same(own.dependencies, manifest.dependencies);
});

t.test('T29: no other package runs a program of its own when it is installed', async (t) => {
  t.same(
    installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name),
    WITH_SCRIPTS,
  );
  for (const file of ['Dockerfile', '.github/workflows/deploy.yml']) {
    t.match(read(file), /npm ci\b/, `${file} installs what is locked`);
    t.notMatch(read(file), /npm (install|i)\b/, file);
  }
});
