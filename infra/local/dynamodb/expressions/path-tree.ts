/** A set of document paths of which none may lead through another, and what an item has on them. */
import { type AttributeValue, attribute, type Item } from '../values.ts';
import type { Path } from './ast.ts';
import { ExpressionError } from './substitutions.ts';

interface Node {
  /** A path ends here; otherwise `children` has at least one entry. */
  end?: Path;
  children: Map<string | number, Node>;
}

export interface PathTree {
  /** Throws ExpressionError when the path overlaps with another or takes a map for a list. */
  insert(path: Path): void;
  /** The names of the top-level attributes of all paths. */
  heads(): string[];
  /** The parts of the item on the paths; lists keep only the named elements, in order. */
  project(item: Item): Item;
}

export function createPathTree(): PathTree {
  const root: Node = { children: new Map() };
  return {
    insert(path) {
      let node = root;
      for (const step of path) {
        if (node.end) throw overlap(node.end, path);
        const [sibling] = node.children.keys();
        if (sibling !== undefined && typeof sibling !== typeof step) throw conflict(firstEnd(node), path);
        let child = node.children.get(step);
        if (!child) node.children.set(step, (child = { children: new Map() }));
        node = child;
      }
      if (node.end || node.children.size > 0) throw overlap(firstEnd(node), path);
      node.end = path;
    },
    heads: () => [...root.children.keys()] as string[],
    project: (item) => projectMap(root, item),
  };
}

function projectMap(node: Node, map: Item): Item {
  const result: Item = {};
  for (const [name, child] of node.children) {
    const value = attribute(map, String(name));
    const part = value && projectValue(child, value);
    if (part) result[name] = part;
  }
  return result;
}

function projectValue(node: Node, value: AttributeValue): AttributeValue | undefined {
  if (node.end) return value;
  const [step] = node.children.keys();
  if (typeof step === 'string') {
    const M = value.M && projectMap(node, value.M);
    return M && Object.keys(M).length > 0 ? { M } : undefined;
  }
  const list = value.L ?? [];
  const indexes = ([...node.children.keys()] as number[]).sort((a, b) => a - b);
  const L = indexes.flatMap((index) => {
    const part = list[index] && projectValue(node.children.get(index)!, list[index]);
    return part ? [part] : [];
  });
  return L.length > 0 ? { L } : undefined;
}

function firstEnd(node: Node): Path {
  for (let at = node; ; [at] = at.children.values()) if (at.end) return at.end;
}

function overlap(one: Path, two: Path): ExpressionError {
  const what = 'Two document paths overlap with each other; must remove or rewrite one of these paths';
  return new ExpressionError(`${what}; path one: ${show(one)}, path two: ${show(two)}`);
}

function conflict(one: Path, two: Path): ExpressionError {
  const what = 'Two document paths conflict with each other; must remove or rewrite one of these paths';
  return new ExpressionError(`${what}; path one: ${show(one)}, path two: ${show(two)}`);
}

function show(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}
