/** The OpenAPI document is complete: every operation is described, shown by examples, and says how it can fail. */
import t from 'tap';
import { parse } from 'yaml';
import { z } from 'zod';
import { openapiYaml } from '../infra/scripts/openapi-yaml.ts';
import { ERRORS, type ErrorCode } from '../src/errors.ts';

interface Schema {
  $ref?: string;
  examples?: unknown[];
}
interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { $ref?: string; value?: unknown }>;
}
interface Answer {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, Media>;
}
interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters?: unknown[];
  requestBody?: unknown;
  security: Record<string, string[]>[];
  responses: Record<string, Answer>;
}
interface Document {
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; examples: Record<string, { value: unknown }> };
}

const document = parse(await openapiYaml()) as Document;
const { schemas, examples } = document.components;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    ...operation,
  })),
);

/** The schema with all that it refers to, as the reader of JSON Schema wants it. */
function checkOf(schema: Schema): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(JSON.parse(text));
}

function examplesOf({ schema, example, examples: named }: Media): unknown[] {
  if (example !== undefined) return [example];
  if (named) {
    return Object.values(named).map(({ $ref, value }) =>
      $ref ? examples[$ref.split('/').at(-1) ?? '']?.value : value,
    );
  }
  const referred = schema.$ref ? schemas[schema.$ref.split('/').at(-1) ?? ''] : undefined;
  return schema.examples ?? referred?.examples ?? [];
}

/** Fields of an example that hold nothing but their own name. */
function hollow(value: unknown, path = ''): string[] {
  if (typeof value === 'string') return value === path.split('.').at(-1) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    hollow(inner, Array.isArray(value) ? path : `${path}.${key}`),
  );
}

t.test(
  'every operation has a name of its own, a summary, a description and a tag that is explained',
  async (t) => {
    const tags = document.tags.map(({ name }) => name);
    t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    for (const { name, operationId, summary, description, tags: own } of operations) {
      t.ok(operationId && summary && description, name);
      t.ok(own?.length === 1 && tags.includes(own[0]), `${name}: ${own}`);
    }
  },
);

t.test('every operation has an answer of success, with an example of the form it promises', async (t) => {
  for (const { name, responses } of operations) {
    const good = Object.entries(responses).filter(([status]) => status < '300');
    t.ok(good.length > 0, name);
    for (const [status, { content = {} }] of good) {
      t.ok(Object.keys(content).length > 0, `${name} ${status}: a body`);
      for (const [type, media] of Object.entries(content)) {
        const shown = examplesOf(media);
        t.ok(shown.length > 0, `${name} ${status} ${type}: an example`);
        for (const example of shown) {
          const issues = checkOf(media.schema).safeParse(example).error?.issues ?? [];
          t.same(issues, [], `${name} ${status}`);
          t.same(hollow(example), [], `${name} ${status}: every field says something`);
        }
      }
    }
  }
});

t.test('every operation names the errors that follow from what it is, each with an example', async (t) => {
  for (const { name, responses, security, parameters, requestBody } of operations) {
    const isPublic = security.length === 0;
    const bears = security.some((scheme) => 'userToken' in scheme);
    const expected = [
      '429',
      '500',
      '503',
      ...(isPublic ? [] : ['401']),
      ...(bears ? ['403'] : []),
      ...(parameters || requestBody ? ['400'] : []),
      ...(requestBody ? ['413', '415'] : []),
    ];
    for (const status of expected) t.ok(responses[status], `${name}: ${status}`);
    for (const [status, { content = {}, headers = {} }] of Object.entries(responses)) {
      if (status < '400') continue;
      const shown = examplesOf(content['application/json']) as { code?: ErrorCode; status?: string }[];
      t.ok(shown.length > 0, `${name} ${status}: an example`);
      for (const example of shown) {
        t.same(checkOf(content['application/json'].schema).safeParse(example).error?.issues ?? [], [], name);
        if (example.code)
          t.equal(String(ERRORS[example.code].status), status, `${name} ${status} ${example.code}`);
      }
      if (status === '429' || status === '503')
        t.ok(headers['Retry-After'], `${name} ${status}: how long to wait`);
      if (status === '401') t.ok(headers['WWW-Authenticate'], `${name}: whom to ask`);
    }
  }
});
