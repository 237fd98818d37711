/** The expressions of a request by the names of their parameters. */
import { invalid } from '../errors.ts';
import type { Condition, UpdateAction } from './ast.ts';
import { parseCondition } from './condition.ts';
import { type KeyAttribute, type KeyCondition, keyConditionOf } from './key-condition.ts';
import type { PathTree } from './path-tree.ts';
import { parseProjection } from './projection.ts';
import {
  ExpressionError,
  type ExpressionInput,
  openSubstitutions,
  type Substitutions,
} from './substitutions.ts';
import { parseUpdate } from './update.ts';

export interface ExpressionRequest extends ExpressionInput {
  ConditionExpression?: string;
  UpdateExpression?: string;
  FilterExpression?: string;
  ProjectionExpression?: string;
  KeyConditionExpression?: string;
}

export interface Expressions {
  readonly condition?: Condition;
  readonly update?: UpdateAction[];
  readonly filter?: Condition;
  readonly projection?: PathTree;
  readonly keyCondition?: KeyCondition;
}

/**
 * Parses what a request has. `key` is what a KeyConditionExpression is about. Throws ValidationException with
 * the name of the expression that is wrong, also for placeholders that are undefined or not used.
 */
export function readExpressions(
  request: ExpressionRequest,
  key?: { hash: KeyAttribute; range?: KeyAttribute },
): Expressions {
  const { ConditionExpression, UpdateExpression, FilterExpression, ProjectionExpression } = request;
  const { KeyConditionExpression } = request;
  const substitutions = openSubstitutions(request, [
    ConditionExpression,
    UpdateExpression,
    FilterExpression,
    ProjectionExpression,
    KeyConditionExpression,
  ]);
  const read = <T>(
    name: string,
    text: string | undefined,
    parse: (text: string, substitutions: Substitutions) => T,
  ): T | undefined => {
    if (text === undefined) return undefined;
    try {
      return parse(text, substitutions);
    } catch (error) {
      if (error instanceof ExpressionError) throw invalid(`Invalid ${name}: ${error.message}`);
      throw error;
    }
  };
  const expressions = {
    update: read('UpdateExpression', UpdateExpression, parseUpdate),
    condition: read('ConditionExpression', ConditionExpression, parseCondition),
    keyCondition: read('KeyConditionExpression', KeyConditionExpression, (text, names) =>
      keyConditionOf(parseCondition(text, names), key!.hash, key!.range),
    ),
    filter: read('FilterExpression', FilterExpression, parseCondition),
    projection: read('ProjectionExpression', ProjectionExpression, parseProjection),
  };
  substitutions.close();
  return expressions;
}
