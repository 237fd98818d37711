/** What a read may ask of an index, and a filter of a query. */
import { invalid, invalidParameter } from './errors.ts';
import type { Condition, Operand } from './expressions/ast.ts';
import type { Index } from './table.ts';

/** A global index answers only what it holds. */
export function checkProjected(
  index: Index | undefined,
  projected: ReadonlySet<string> | undefined,
  heads: readonly string[] = [],
): void {
  const missing = projected ? heads.filter((name) => !projected.has(name)) : [];
  if (missing.length === 0) return;
  throw invalidParameter(`Global secondary index ${index!.name} does not project [${missing.join(', ')}]`);
}

/** The filter of a Query is about what the key condition has let through. */
export function checkFilter(filter: Condition | undefined, keys: readonly string[]): void {
  const used = filter && headsOf(filter).find((name) => keys.includes(name));
  if (used === undefined) return;
  const what = 'Filter Expression can only contain non-primary key attributes: Primary key attribute: ';
  throw invalid(what + used);
}

function headsOf(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...headsOf(condition.left), ...headsOf(condition.right)];
    case 'not':
      return headsOf(condition.inner);
    case 'exists':
    case 'type':
      return [condition.path[0]];
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap(headOf);
    case 'in':
      return [condition.operand, ...condition.options].flatMap(headOf);
    default:
      return [condition.left, condition.right].flatMap(headOf);
  }
}

function headOf(operand: Operand): string[] {
  return operand.kind === 'value' ? [] : [operand.path[0]];
}
