/** DynamoDB's errors, as the SDK clients know them. */
import { AwsError } from '../contract.ts';

/** An error as dynalite's validations throw it. */
interface EngineError extends Error {
  statusCode: number;
  body: { __type: string; message?: string; Message?: string };
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/** A parameter value that is of the right shape but not acceptable. */
export function invalidParameter(what: string): AwsError {
  return invalid(`One or more parameter values were invalid: ${what}`);
}

export function resourceNotFound(tableName?: string): AwsError {
  const which = tableName === undefined ? '' : `: Table: ${tableName} not found`;
  return new AwsError('ResourceNotFoundException', `Requested resource not found${which}`);
}

export function isAwsError(error: unknown, code: string): error is AwsError {
  return error instanceof AwsError && error.code === code;
}

/** Runs a check of the engine and throws what it throws as AwsError. */
export function asAwsErrors<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isEngineError(error)) throw error;
    const { __type, message, Message } = error.body;
    throw new AwsError(__type.slice(__type.indexOf('#') + 1), message ?? Message ?? '', error.statusCode);
  }
}

function isEngineError(error: unknown): error is EngineError {
  return error instanceof Error && 'statusCode' in error && 'body' in error;
}
