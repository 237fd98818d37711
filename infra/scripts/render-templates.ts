/**
 * Renders the templates: what lies in other files (the state machine, the functions) is put into them, so that each
 * is one file to upload. A template of infra/templates/ names these places by a line with two braces.
 */
import { readFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import {
  type Document,
  isCollection,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
  stringify,
  visit,
  type YAMLMap,
} from 'yaml';
import { alarmYaml, ON_ONE_LINE } from './render-alarms.ts';
import { withVersionHash } from './render-version.ts';

/** From -> to, in infra/. The first is sent in a request, so it must be short. */
export const TEMPLATES = {
  'templates/template-mode2.yaml': 'mode2-deployment/template-mode2.yaml',
  'templates/broker.yaml': 'broker/template.yaml',
} as const;
export type TemplateSource = keyof typeof TEMPLATES;

const INFRA = new URL('../', import.meta.url);

const PLACE = /^( *)\{\{([a-z-]+)(?: ([a-z-]+))?\}\}$/gm;

/** The text to commit. @throws Error naming a place that nothing belongs in. */
export function renderTemplate(source: TemplateSource): string {
  const text = readFileSync(new URL(source, INFRA), 'utf8');
  const filled = text.replace(PLACE, (_all, indent: string, kind: string, name?: string) =>
    contentOf(kind, name)
      .split('\n')
      .map((line) => indent + line)
      .join('\n'),
  );
  const header = `# Rendered from infra/${source} by npm run infra:render. Change it there.\n`;
  return header + compact(withVersionHash(filled));
}

function contentOf(kind: string, name = ''): string {
  if (kind === 'state-machine') return stateMachine();
  if (kind === 'function') return functionCode(name);
  if (kind === 'table') return tableProperties(name);
  if (kind === 'alarms') return alarmYaml();
  throw new Error(`nothing belongs in {{${kind}}}`);
}

/** The one definition, on one line: its names are filled in by DefinitionSubstitutions. */
function stateMachine(): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL('state-machine/job.asl.json', INFRA), 'utf8')));
}

/** Keys, indexes, billing and time to live of a table, one property to a line. */
function tableProperties(name: string): string {
  const tables = JSON.parse(readFileSync(new URL('broker/tables.json', INFRA), 'utf8'));
  return Object.entries(tables[name])
    .map(([property, value]) => `${property}: ${stringify(value, ON_ONE_LINE).trimEnd()}`)
    .join('\n');
}

/** One file of JavaScript, as Lambda wants it in a template; minified because the body of a template is limited. */
function functionCode(name: string): string {
  const { outputFiles } = buildSync({
    // Assigned here: what esbuild wraps around exports is longer than this.
    stdin: {
      contents: `import { handler } from ${JSON.stringify(`./${name}.ts`)}; exports.handler = handler;`,
      resolveDir: new URL('functions', INFRA).pathname,
    },
    // The line above is both kinds of module on purpose.
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    // Each line is indented once more in the template.
    lineLimit: 500,
  });
  const code = outputFiles[0].text.trimEnd();
  return `// infra/functions/${name}.ts of the CloudMR broker, bundled and minified\n${code}`;
}

/** A list or map that fits into so many characters stands on one line. */
const LINE = 240;
const STYLE = { indent: 1, indentSeq: false, lineWidth: 0, flowCollectionPadding: false } as const;

/** The same document without comments, with short forms, the least indentation and the fewest lines. */
function compact(text: string): string {
  // The tags of CloudFormation (!Ref, !Sub ...) are unknown to YAML and stay as they are.
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0) throw document.errors[0];
  visit(document, {
    Node(_key, node) {
      node.comment = null;
      node.commentBefore = null;
      node.spaceBefore = false;
    },
    Pair(_key, { key }) {
      if (isNode(key)) key.spaceBefore = false;
    },
  });
  document.commentBefore = null;
  document.comment = null;
  visit(document, { Map: (_key, node) => shortForm(withoutReason(node)) });
  onOneLine(document);
  return document.toString(STYLE);
}

/** Why Checkov is to skip something stands in the source only: it is a comment. */
function withoutReason(node: YAMLMap): YAMLMap {
  if (String(node.get('id')).startsWith('CKV_')) node.delete('comment');
  return node;
}

/** {Ref: X} is !Ref X, and so on; undefined for anything else. */
function shortForm(node: YAMLMap): Node | undefined {
  const [pair, ...others] = node.items;
  if (!pair || others.length > 0 || !isScalar(pair.key) || !isNode(pair.value) || pair.value.tag)
    return undefined;
  const { value } = pair;
  if (pair.key.value === 'Ref' && isScalar(value)) return tagged(value, '!Ref');
  if (!isSeq(value)) return undefined;
  if (pair.key.value === 'Fn::If') return tagged(value, '!If');
  if (pair.key.value === 'Fn::GetAtt' && value.items.every(isScalar))
    return tagged(new Scalar(value.items.map((item) => item.value).join('.')), '!GetAtt');
  return undefined;
}

function tagged<T extends Node>(node: T, tag: string): T {
  node.tag = tag;
  return node;
}

/** Resources, their names and types, stay on lines of their own: people look for them. */
function onOneLine(document: Document): void {
  visit(document, {
    Collection(_key, node, path) {
      if (path.filter(isCollection).length < 3) return undefined;
      const written = node.flow;
      node.flow = true;
      if (stringify(node, STYLE).trimEnd().length <= LINE) return visit.SKIP;
      node.flow = written;
      return undefined;
    },
  });
}
