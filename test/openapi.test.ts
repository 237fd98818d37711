import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { openapiYaml } from '../infra/scripts/openapi-yaml.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
  components: { schemas: Record<string, unknown> };
}

t.test('openapi.yaml is what the routes say (npm run openapi)', async (t) => {
  const stored = readFileSync(new URL('../openapi.yaml', import.meta.url), 'utf8');
  t.equal(stored, await openapiYaml());
});

t.test(
  'the document refers to nothing that it does not hold, and holds nothing that it does not use',
  async (t) => {
    const text = await openapiYaml();
    const document = parse(text) as Document;
    t.equal(document.openapi, '3.1.0');
    const used = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name));
    t.same([...used].sort(), Object.keys(document.components.schemas).sort());
  },
);

t.test('every request body is described', async (t) => {
  const document = parse(await openapiYaml()) as Document;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      for (const { schema } of Object.values(requestBody?.content ?? {})) {
        t.ok(Object.keys(schema).length > 0, `${method} ${path}`);
      }
    }
  }
});
