import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { z } from 'zod';
import { openapiYaml } from '../infra/scripts/openapi-yaml.ts';
import { FORM } from './helpers/script.ts';

interface Media {
  schema: object;
  example?: unknown;
  examples?: object;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, Media> } }>>;
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

t.test('every request body is described and has an example', async (t) => {
  const document = parse(await openapiYaml()) as Document;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      for (const { schema, example, examples } of Object.values(requestBody?.content ?? {})) {
        t.ok(Object.keys(schema).length > 0, `${method} ${path}`);
        t.ok(example ?? Object.keys(examples ?? {}).length > 0, `${method} ${path}: an example`);
      }
    }
  }
});

t.test('every example is one that its schema takes', async (t) => {
  const folder = new URL('../src/schemas/http/', import.meta.url);
  const files = readdirSync(folder).filter((name) => extname(name) === FORM);
  let seen = 0;
  for (const file of files) {
    const nouns = Object.entries((await import(new URL(file, folder).href)) as Record<string, unknown>);
    for (const [name, schema] of nouns) {
      if (!(schema instanceof z.ZodType)) continue;
      for (const example of (z.globalRegistry.get(schema)?.examples ?? []) as unknown[]) {
        seen++;
        t.same(schema.safeParse(example).error?.issues ?? [], [], `${file}: ${name}`);
      }
    }
  }
  t.ok(seen >= 30, `${seen} examples`);
});
