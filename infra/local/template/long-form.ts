/** A CloudFormation template in YAML as data, with the long form of its functions: `!Sub x` is `{"Fn::Sub": "x"}`. */
import { isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';

/** @throws YAMLParseError */
export function readLongForm(text: string): Record<string, unknown> {
  // The tags of CloudFormation are unknown to YAML: that is no news.
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0) throw document.errors[0];
  return toLongForm(document.contents) as Record<string, unknown>;
}

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
