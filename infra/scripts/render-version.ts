/** What a template says of its worker's function, as a hash in the text by which versions of it are published. */
import { createHash } from 'node:crypto';
import { parseDocument, stringify } from 'yaml';

/** Written in its own folder, with this hash filled in where it stands. */
export const WORKER_TEMPLATE = 'calculation/template.yaml';

const FUNCTION = 'RunJobLambda';
const HASH = /\bcfg-[0-9a-f]{8}\b/g;

/**
 * The template with the hash of everything that is written of RunJobLambda, globals of AWS SAM included: who changes that
 * publishes a version. What parameters say is not in it. Other templates come back as they are.
 */
export function withVersionHash(text: string): string {
  // The tags of CloudFormation are unknown to YAML and stay as they are.
  const document = parseDocument(text.replace(HASH, 'cfg'), { logLevel: 'silent' });
  if (document.errors.length > 0) throw document.errors[0];
  const written = [['Resources', FUNCTION], ['Globals']].map((path) => document.getIn(path, true));
  const hash = createHash('sha256').update(stringify(written)).digest('hex').slice(0, 8);
  return text.replace(HASH, `cfg-${hash}`);
}
