/** The template as a file: what its parameters are, and its text as CloudFormation takes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';

export const TEMPLATE = join(import.meta.dirname, 'template-mode2.yaml');
/** CloudFormation takes this many bytes in a request; more only from a bucket. */
export const MAX_BODY_BYTES = 51_200;

export interface TemplateParameter {
  readonly type: string;
  readonly default?: string;
  readonly allowed?: readonly string[];
  readonly pattern?: string;
  readonly constraint?: string;
  readonly description?: string;
  readonly noEcho: boolean;
}

export interface Template {
  readonly parameters: Readonly<Record<string, TemplateParameter>>;
  /** If the file itself is too long for a request: without white space and the layout of the console's form. */
  readonly body: string;
  /** The template as data, its functions in their long form (`Fn::Sub`). */
  readonly document: Record<string, unknown>;
}

/** Reads a template in YAML with the short forms of functions. */
export function readTemplate(path: string = TEMPLATE): Template {
  const text = readFileSync(path, 'utf8');
  const document = toLongForm(parseDocument(text, { logLevel: 'silent' }).contents) as Record<
    string,
    unknown
  >;
  const parameters = Object.entries((document.Parameters ?? {}) as Record<string, Record<string, unknown>>);
  return {
    document,
    body: Buffer.byteLength(text) <= MAX_BODY_BYTES ? text : shortened(document),
    parameters: Object.fromEntries(
      parameters.map(([name, each]) => [
        name,
        {
          type: String(each.Type),
          default: each.Default === undefined ? undefined : String(each.Default),
          allowed: (each.AllowedValues as unknown[] | undefined)?.map(String),
          pattern: each.AllowedPattern as string | undefined,
          constraint: each.ConstraintDescription as string | undefined,
          description: each.Description as string | undefined,
          noEcho: String(each.NoEcho) === 'true',
        },
      ]),
    ),
  };
}

function shortened({ Metadata: _layout, ...template }: Record<string, unknown>): string {
  return JSON.stringify(template);
}

/** `!Sub x` as `{"Fn::Sub": "x"}`; everything else as it stands. */
function toLongForm(node: unknown): unknown {
  const plain = plainOf(node);
  const tag = isNode(node) ? node.tag : undefined;
  if (!tag?.startsWith('!') || tag.startsWith('!!')) return plain;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return { [name]: plain };
  if (name === 'GetAtt' && typeof plain === 'string') {
    const dot = plain.indexOf('.');
    return { 'Fn::GetAtt': [plain.slice(0, dot), plain.slice(dot + 1)] };
  }
  return { [`Fn::${name}`]: plain };
}

function plainOf(node: unknown): unknown {
  if (isMap(node)) {
    return Object.fromEntries(node.items.map(({ key, value }) => [String(plainOf(key)), toLongForm(value)]));
  }
  if (isSeq(node)) return node.items.map(toLongForm);
  return isScalar(node) ? node.value : node;
}
