/** Names that a stack may have: those of its buckets (63 characters) and roles (64) are made of it. */

/** `-results-` and 12 digits must still fit into the 63 characters of a bucket's name. */
export const MAX_STACK_NAME = 39;

/** What is wrong with the name; undefined if nothing is. */
export function stackNameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > MAX_STACK_NAME) return `"${name.slice(0, 20)}..." has ${name.length} characters`;
  return /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(name) ? undefined : `"${name}"`;
}
