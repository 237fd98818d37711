/** ro-crate-metadata.json: what the specification of RO-Crate 1.1 asks for, and that it tells the truth. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { openRawScan } from '../../compute/formats/open.ts';
import { roCrate } from '../../compute/formats/ro-crate.ts';
import { fixture } from '../helpers/raw/samples.ts';
import { run, taskDocument } from './helpers/run.ts';

type Entity = Record<string, unknown> & { '@id': string; '@type': string };
type Reference = { '@id': string };

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const byId = (graph: Entity[], id: string): Entity => graph.find((entity) => entity['@id'] === id) as Entity;

/** All references in the graph. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0][0] === '@id') return [String(entries[0][1])];
  return entries.flatMap(([, item]) => references(item));
}

t.test('the crate of a run: structure, files, inputs, software, settings', async (t) => {
  const task = taskDocument({ options: { seed: 11 } });
  Object.assign(task.options.reconstructor.options.signal.options, { filename: '/home/someone/scan.dat' });
  const inputs = { signal: fixture('gre.dat'), noise: fixture('noise.dat') };
  const { files } = await run(openRawScan, {
    task: { ...task, token: 'secret-token' },
    inputs,
    output: { coilsensitivity: false, gfactor: false, matlab: true },
  });
  const text = String(files.get('ro-crate-metadata.json'));
  const crate = JSON.parse(text) as { '@context': string; '@graph': Entity[] };
  const graph = crate['@graph'];
  t.equal(crate['@context'], 'https://w3id.org/ro/crate/1.1/context');

  const ids = graph.map((entity) => entity['@id']);
  t.equal(new Set(ids).size, ids.length, 'ids are unique');
  t.ok(
    graph.every((entity) => typeof entity['@type'] === 'string'),
    'every entity has a type',
  );
  const outside = ['https://w3id.org/ro/crate/1.1'];
  t.same(
    references(graph).filter((id) => !ids.includes(id) && !outside.includes(id)),
    [],
    'references lead somewhere',
  );
  t.match(byId(graph, 'ro-crate-metadata.json'), {
    '@type': 'CreativeWork',
    conformsTo: { '@id': 'https://w3id.org/ro/crate/1.1' },
    about: { '@id': './' },
  });
  const root = byId(graph, './');
  t.match(root, { '@type': 'Dataset', name: /SNR/, description: /ratio/, license: String });
  t.match(root['datePublished'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const parts = (root['hasPart'] as Reference[]).map((part) => part['@id']);
  t.same(parts.sort(), [...files.keys()].filter((name) => name !== 'ro-crate-metadata.json').sort());
  for (const name of parts) {
    const bytes = files.get(name) as Buffer;
    t.match(byId(graph, name), {
      '@type': 'File',
      sha256: sha256(bytes),
      contentSize: `${bytes.length}`,
      encodingFormat: /^(application|image)\//,
    });
  }
  t.match(byId(graph, 'data/SNR.nii.gz'), { name: 'SNR' });

  const action = byId(graph, '#run');
  t.match(action, { '@type': 'CreateAction', instrument: { '@id': '#software' } });
  t.ok(String(action['endTime']) >= String(action['startTime']));
  t.match(byId(graph, '#software'), { '@type': 'SoftwareApplication', softwareVersion: '0.1.0' });
  const used = (action['object'] as Reference[]).map((object) => byId(graph, object['@id']));
  const raw = used.filter((entity) => entity['@type'] === 'File');
  t.same(
    raw.map((entity) => entity['sha256']),
    [sha256(readFileSync(inputs.signal)), sha256(readFileSync(inputs.noise))],
  );
  t.same(
    raw.map(({ name }) => name),
    ['scan.dat', 'noise.dat'],
    'names without folders',
  );
  t.match(raw[0]['@id'], /^ni:\/\/\/sha-256;[\w-]{43}$/);
  t.equal(used.find(({ name }) => name === 'seed')?.['value'], 11);
  const settings = String(used.find(({ name }) => name === 'task')?.['value']);
  t.match(JSON.parse(settings), { version: 'v0', name: 'ac' });
  t.notMatch(text, 'secret-token');
});

t.test('inputs without a name, and one file in two roles', async (t) => {
  const input = { filename: undefined, sizeBytes: 5, sha256: 'ab'.repeat(32) };
  const { '@graph': graph } = roCrate({
    title: 'SNR',
    description: 'test',
    startedMs: 0,
    endedMs: 1000,
    software: { name: 'worker', version: '1' },
    settings: { seed: 0, nothing: undefined },
    inputs: [
      { ...input, role: 'signal' },
      { ...input, role: 'noise' },
    ],
    outputs: [{ name: 'x.unknown', title: 'x', sizeBytes: 1, sha256: 'cd'.repeat(32) }],
  });
  const files = graph.filter((entity) => entity['@type'] === 'File');
  t.same(
    files.map(({ name, encodingFormat }) => [name, encodingFormat]),
    [
      ['x', 'application/octet-stream'],
      ['noise file', undefined],
    ],
  );
  t.equal(graph.find((entity) => entity['@id'] === '#setting-nothing')?.['value'], null);
});
