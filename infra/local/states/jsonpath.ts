/**
 * The JSONPath of the Amazon States Language: paths read (`$.a.b[0]`, `$..name`, `$.list[*].id`, slices,
 * unions, `$$` for the context object), Reference Paths also write. Filters and functions are refused.
 */
import { StateError } from './errors.ts';
import { isObject, type Json } from './json.ts';

type Step =
  | { kind: 'key'; key: string }
  | { kind: 'index'; index: number }
  | { kind: 'keys'; keys: string[] }
  | { kind: 'indices'; indices: number[] }
  | { kind: 'slice'; from: number | undefined; to: number | undefined }
  | { kind: 'all' }
  | { kind: 'descend' };

export interface Path {
  readonly text: string;
  /** True for `$$`, the context object. */
  readonly ofContext: boolean;
  readonly steps: readonly Step[];
  /** True if the path names at most one node: it then yields that node, otherwise the list of matches. */
  readonly definite: boolean;
  /** True if the path may be used as ResultPath: only field names and non-negative indices. */
  readonly reference: boolean;
}

const TOKEN = new RegExp(
  [
    /\.\.(?=[^.])/, // descend; a name, * or bracket follows
    /\.?\*/,
    /\.?([^.[\]()'"*?@,\s]+)/, // 1: name
    /\[\*\]/,
    /\[(-?\d+(?:,-?\d+)*)\]/, // 2: index or indices
    /\[(-?\d*):(-?\d*)\]/, // 3, 4: slice
    /\[((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:,(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)\]/, // 5: quoted names
  ]
    .map((part) => `(?:${part.source})`)
    .join('|'),
  'y',
);

const cache = new Map<string, Path>();

/** Parses a path. Throws SyntaxError with the offending text. */
export function parsePath(text: string): Path {
  const known = cache.get(text);
  if (known) return known;
  if (!text.startsWith('$')) throw new SyntaxError(`'${text}' is not a JSONPath: it must start with $`);
  const ofContext = text.startsWith('$$');
  const steps: Step[] = [];
  TOKEN.lastIndex = ofContext ? 2 : 1;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const bare = steps.at(-1)?.kind === 'descend';
    if (!match || (!bare && !/^[.[]/.test(match[0])) || (bare && /^\.(?!\.)/.test(match[0]))) {
      throw new SyntaxError(`'${text}' is not a supported JSONPath (at '${text.slice(at)}')`);
    }
    steps.push(stepOf(match));
  }
  if (steps.at(-1)?.kind === 'descend') throw new SyntaxError(`'${text}' ends with '..'`);
  const path: Path = {
    text,
    ofContext,
    steps,
    definite: steps.every((s) => s.kind === 'key' || s.kind === 'index'),
    reference: !ofContext && steps.every((s) => s.kind === 'key' || (s.kind === 'index' && s.index >= 0)),
  };
  if (cache.size > 4096) cache.clear();
  cache.set(text, path);
  return path;
}

function stepOf(match: RegExpExecArray): Step {
  const [token, name, indices, from, to, quoted] = match;
  if (name !== undefined) return { kind: 'key', key: name };
  if (indices !== undefined) {
    const list = indices.split(',').map(Number);
    return list.length === 1 ? { kind: 'index', index: list[0] } : { kind: 'indices', indices: list };
  }
  if (quoted !== undefined) {
    const keys = [...quoted.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map((m) =>
      (m[1] ?? m[2]).replace(/\\(.)/g, '$1'),
    );
    return keys.length === 1 ? { kind: 'key', key: keys[0] } : { kind: 'keys', keys };
  }
  if (token === '..') return { kind: 'descend' };
  if (token.includes('*')) return { kind: 'all' };
  return {
    kind: 'slice',
    from: from === '' ? undefined : Number(from),
    to: to === '' ? undefined : Number(to),
  };
}

/** The value at a path; `undefined` if a definite path leads nowhere. An indefinite path yields a list. */
export function readPath(path: Path, input: Json, context: Json): Json | undefined {
  let nodes: Json[] = [path.ofContext ? context : input];
  for (const step of path.steps) nodes = nodes.flatMap((node) => children(node, step));
  return path.definite ? nodes[0] : nodes;
}

function children(node: Json, step: Step): Json[] {
  switch (step.kind) {
    case 'key':
      return isObject(node) && Object.hasOwn(node, step.key) ? [node[step.key]] : [];
    case 'keys':
      return isObject(node)
        ? step.keys.filter((key) => Object.hasOwn(node, key)).map((key) => node[key])
        : [];
    case 'index':
      return at(node, step.index);
    case 'indices':
      return step.indices.flatMap((index) => at(node, index));
    case 'slice':
      return Array.isArray(node) ? node.slice(step.from, step.to) : [];
    case 'all':
      return typeof node === 'object' && node !== null ? Object.values(node) : [];
    case 'descend':
      return descendants(node);
  }
}

function at(node: Json, index: number): Json[] {
  if (!Array.isArray(node)) return [];
  const i = index < 0 ? node.length + index : index;
  return i >= 0 && i < node.length ? [node[i]] : [];
}

function descendants(node: Json): Json[] {
  if (typeof node !== 'object' || node === null) return [];
  return [node, ...Object.values(node).flatMap(descendants)];
}

/**
 * A copy of `input` with `value` at a Reference Path; missing objects on the way are made.
 * Throws States.ResultPathMatchFailure where the input has something else in the way.
 */
export function writePath(path: Path, input: Json, value: Json): Json {
  const place = (node: Json | undefined, depth: number): Json => {
    const step = path.steps[depth];
    if (!step) return value;
    if (step.kind === 'key' && (node === undefined || isObject(node))) {
      const child = node && Object.hasOwn(node, step.key) ? node[step.key] : undefined;
      return { ...node, [step.key]: place(child, depth + 1) };
    }
    if (step.kind === 'index' && Array.isArray(node) && step.index < node.length) {
      return node.with(step.index, place(node[step.index], depth + 1));
    }
    throw new StateError(
      'States.ResultPathMatchFailure',
      `Unable to apply ReferencePath ${path.text} to input ${JSON.stringify(input)}`,
    );
  };
  return place(input, 0);
}
