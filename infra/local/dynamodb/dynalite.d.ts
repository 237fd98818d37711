/** The parts of dynalite 4.0.0 that the embedded DynamoDB uses; the package ships no types. */

declare module 'dynalite/validations/index.js' {
  import type { AttributeValue } from './values.ts';
  /** Amazon's rules for one parameter: type, required, bounds, pattern, members. */
  export interface ParameterRule {
    type: string;
    children?: string | ParameterRule | ParameterRules;
    [rule: string]: unknown;
  }
  export type ParameterRules = Record<string, string | ParameterRule>;
  /** A copy of `input` with the known parameters only; throws an EngineError (SerializationException). */
  export function checkTypes(input: Record<string, unknown>, rules: ParameterRules): Record<string, unknown>;
  /** Throws an EngineError (ValidationException). */
  export function checkValidations(
    input: Record<string, unknown>,
    rules: ParameterRules,
    custom?: (input: never) => string | undefined,
  ): void;
  /** Checks one value and writes its numbers in canonical form; returns a message if it is wrong. */
  export function validateAttributeValue(value: AttributeValue): string | undefined;
}

declare module 'dynalite/validations/*.js' {
  import type { ParameterRules } from 'dynalite/validations/index.js';
  export const types: ParameterRules;
  export const custom: (input: never) => string | undefined;
}

declare module 'dynalite/db/index.js' {
  interface Engine {
    /** Canonical numbers as strings that sort as the numbers do. */
    toLexiStr(value: string, type: 'N'): string;
  }
  const engine: Engine;
  // biome-ignore lint/style/noDefaultExport: the shape of the package, not ours
  export default engine;
}
