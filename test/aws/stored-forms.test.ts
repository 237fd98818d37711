/**
 * What every stored item has to have, and the values that its fields may take, are the same in all releases that may
 * share a table: an older one reads what a newer one writes, and the other way round. What may be added at any time is a
 * field that can be missing. All else is a new form: a higher `schema`, with an upgrade, that older processes leave alone;
 * or, of a value that no process writes before all can read it, a line in the fixture.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';
import { KINDS } from '../../src/aws/table/kinds.ts';

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
}
/** Paths that must be there where what holds them is, and the values of paths that have a list of them. */
interface Form {
  schema: number;
  required: string[];
  values: Record<string, unknown[]>;
}

function formOf(shape: z.ZodType): Omit<Form, 'schema'> {
  const whole = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' }) as Schema;
  const required = new Set<string>();
  const values: Form['values'] = {};
  const walk = (found: Schema, path: string): void => {
    const node = found.$ref ? (whole.$defs?.[found.$ref.split('/').at(-1) ?? ''] ?? {}) : found;
    if (node.enum) values[path] = [...node.enum].sort();
    for (const name of node.required ?? []) required.add(`${path}.${name}`);
    for (const [name, child] of Object.entries(node.properties ?? {})) walk(child, `${path}.${name}`);
    if (node.items) walk(node.items, `${path}[]`);
    for (const one of node.anyOf ?? []) walk(one, path);
  };
  walk(whole, '');
  return { required: [...required].sort(), values };
}

t.test('F34: releases side by side read what the other one stores', async (t) => {
  const fixture = new URL('../fixtures/stored-forms.json', import.meta.url);
  const written: Record<string, Form> = JSON.parse(readFileSync(fixture, 'utf8'));
  t.ok(KINDS.length > 20);
  t.same(KINDS.map(({ name }) => name).sort(), Object.keys(written).sort(), 'all kinds, and no other');
  for (const { name, schema, shape } of KINDS) {
    t.same({ schema, ...formOf(shape) }, written[name], `${name}: what all releases agree on`);
  }
});
