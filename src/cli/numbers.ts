/** Numbers on the command line; what is none is a wrong argument. */
import { InvalidArgumentError } from 'commander';

/** A whole number from 1. */
export const count = (text: string): number => whole(text, 1, 1e9);

/** Two whole numbers with a comma, as 1,2. */
export function pair(text: string): [number, number] {
  const parts = text.split(',');
  if (parts.length !== 2) throw new InvalidArgumentError('two numbers with a comma are wanted, as 1,2');
  return [whole(parts[0], 1, 16_384), whole(parts[1], 1, 16_384)];
}

/** US dollars. */
export function amount(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('an amount in US dollars is wanted');
  return value;
}

function whole(text: string, low: number, high: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new InvalidArgumentError(`a whole number from ${low} is wanted`);
  }
  return value;
}
