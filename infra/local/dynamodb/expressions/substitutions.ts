/** ExpressionAttributeNames and ExpressionAttributeValues of one request, shared by its expressions. */
import { validateAttributeValue } from 'dynalite/validations/index.js';
import { notEmulated } from '../../contract.ts';
import { invalid } from '../errors.ts';
import type { AttributeValue } from '../values.ts';

/** The part of a request that belongs to its expressions. */
export interface ExpressionInput {
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/** Placeholders of a request; remembers which of them its expressions used. */
export interface Substitutions {
  /** The attribute name behind `#placeholder`. Throws ExpressionError when undefined. */
  name(placeholder: string): string;
  /** The value behind `:placeholder`. Throws ExpressionError when undefined. */
  value(placeholder: string): AttributeValue;
  /** Call after the last expression: throws ValidationException for a placeholder that none of them used. */
  close(): void;
}

/** What is wrong with an expression; the parser's caller says which expression. */
export class ExpressionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExpressionError';
  }
}

const MAX_NAME_LENGTH = 65_535;

/**
 * Opens the placeholders of a request for the given expressions (`undefined` for one that is not there).
 * Throws ValidationException when they are malformed or there is no expression to use them.
 */
export function openSubstitutions(
  input: ExpressionInput,
  expressions: readonly (string | undefined)[],
): Substitutions {
  const names = input.ExpressionAttributeNames;
  const values = input.ExpressionAttributeValues;
  const idle = expressions.every((expression) => expression === undefined);
  const unusedNames = placeholders('ExpressionAttributeNames', names, /^#\w+$/, idle);
  const unusedValues = placeholders('ExpressionAttributeValues', values, /^:\w+$/, idle);
  for (const key of unusedNames) checkName(names![key]);
  for (const key of unusedValues) {
    const message = validateAttributeValue(values![key]);
    if (message) {
      throw invalid(`ExpressionAttributeValues contains invalid value: ${message} for key ${key}`);
    }
  }
  return {
    name(placeholder) {
      if (!names || !Object.hasOwn(names, placeholder)) {
        const what =
          'An expression attribute name used in the document path is not defined; attribute name: ';
        throw new ExpressionError(what + placeholder);
      }
      unusedNames.delete(placeholder);
      return names[placeholder];
    },
    value(placeholder) {
      if (!values || !Object.hasOwn(values, placeholder)) {
        const what = 'An expression attribute value used in expression is not defined; attribute value: ';
        throw new ExpressionError(what + placeholder);
      }
      unusedValues.delete(placeholder);
      return values[placeholder];
    },
    close() {
      refuseUnused('ExpressionAttributeNames', unusedNames);
      refuseUnused('ExpressionAttributeValues', unusedValues);
    },
  };
}

function placeholders(parameter: string, map: object | undefined, pattern: RegExp, idle: boolean) {
  if (map === undefined) return new Set<string>();
  const keys = Object.keys(map);
  if (idle) throw invalid(`${parameter} can only be specified when using expressions`);
  if (keys.length === 0) throw invalid(`${parameter} must not be empty`);
  const wrong = keys.find((key) => !pattern.test(key));
  if (wrong !== undefined) {
    throw invalid(`${parameter} contains invalid key: Syntax error; key: "${wrong}"`);
  }
  return new Set(keys);
}

function checkName(name: string): void {
  if (name === '__proto__') throw notEmulated('attributes named __proto__');
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
    throw invalid(
      'ExpressionAttributeNames contains invalid value: attribute names have 1 to 65535 characters',
    );
  }
}

function refuseUnused(parameter: string, unused: ReadonlySet<string>): void {
  if (unused.size === 0) return;
  const keys = [...unused].join(', ');
  throw invalid(`Value provided in ${parameter} unused in expressions: keys: {${keys}}`);
}
