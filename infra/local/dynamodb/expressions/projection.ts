/** The grammar of ProjectionExpression: document paths, separated by commas. */
import { createParser } from './parser.ts';
import { createPathTree, type PathTree } from './path-tree.ts';
import type { Substitutions } from './substitutions.ts';

/** Throws ExpressionError. */
export function parseProjection(text: string, substitutions: Substitutions): PathTree {
  const parser = createParser(text, substitutions);
  const tree = createPathTree();
  do tree.insert(parser.path());
  while (parser.accept(','));
  if (parser.peek() !== '') throw parser.syntaxError();
  return tree;
}
