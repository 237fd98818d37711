/** The template as a file: what its parameters are, and its text as CloudFormation takes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLongForm } from '../local/template/long-form.ts';

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
  const document = readLongForm(text);
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

/**
 * The body for a stack that takes over buckets: CloudFormation imports only what has its name written out, not made by
 * a function. Later updates make the same names of the stack's, so nothing is replaced.
 * @throws Error naming a bucket that the template does not make
 */
export function withNamesWrittenOut(body: string, buckets: readonly string[], accountId: string): string {
  return buckets.reduce((text, bucket) => {
    const kind = bucket
      .slice(0, -accountId.length - 1)
      .split('-')
      .at(-1);
    const made = `\${AWS::StackName}-${kind}-\${AWS::AccountId}`;
    const written = text.replace(`!Sub ${made}`, bucket).replace(`{"Fn::Sub":"${made}"}`, `"${bucket}"`);
    if (written === text) throw new Error(`the template makes no bucket ${bucket}`);
    return written;
  }, body);
}

function shortened({ Metadata: _layout, ...template }: Record<string, unknown>): string {
  return JSON.stringify(template);
}
