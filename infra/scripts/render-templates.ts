/**
 * Renders the templates: what lies in other files (the state machine, the functions) is put into them, so that each
 * is one file to upload. A template of infra/templates/ names these places by a line with two braces.
 */
import { readFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { isNode, parseDocument, visit } from 'yaml';
import { alarmYaml } from './render-alarms.ts';

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
  return header + compact(filled);
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
    .map(([property, value]) => `${property}: ${JSON.stringify(value)}`)
    .join('\n');
}

/** One file of JavaScript, as Lambda wants it in a template; minified because the body of a template is limited. */
function functionCode(name: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [new URL(`functions/${name}.ts`, INFRA).pathname],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    lineLimit: 110,
  });
  const code = outputFiles[0].text.trimEnd();
  return `// infra/functions/${name}.ts of the CloudMR broker, bundled and minified\n${code}`;
}

/** The same document without comments, with the least indentation. */
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
  return document.toString({ indent: 1, indentSeq: false, lineWidth: 0, flowCollectionPadding: false });
}
