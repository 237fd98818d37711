/** Intrinsic functions in payload templates: `States.Format('{}/{}', $.bucket, States.UUID())`. */
import { runtimeError, StateError } from './errors.ts';
import { INTRINSICS } from './intrinsic-functions.ts';
import type { Json } from './json.ts';
import { type Path, parsePath, readPath } from './jsonpath.ts';

/** AWS allows up to ten nested calls in one field. */
const MAX_NESTING = 10;

type Expression =
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'path'; path: Path }
  /** `raw` keeps the escapes, which only States.Format gives a meaning beyond "this character". */
  | { kind: 'text'; raw: string }
  | { kind: 'value'; value: Json };

const cache = new Map<string, Expression>();

export function isIntrinsic(text: string): boolean {
  return text.startsWith('States.');
}

/** Parses a call. Throws SyntaxError that names what is wrong. */
export function parseIntrinsic(text: string): Expression {
  const known = cache.get(text);
  if (known) return known;
  const parser = { text, at: 0 };
  const expression = parseCall(parser, 1);
  if (parser.at < text.length) throw new SyntaxError(`'${text}': nothing may follow the call`);
  if (cache.size > 4096) cache.clear();
  cache.set(text, expression);
  return expression;
}

interface Parser {
  text: string;
  at: number;
}

/** Takes what `pattern` (sticky) matches at the current place, or nothing. */
function take(parser: Parser, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = parser.at;
  const match = pattern.exec(parser.text);
  if (match) parser.at = pattern.lastIndex;
  return match;
}

function parseCall(parser: Parser, depth: number): Expression {
  const name = take(parser, /(States\.[A-Za-z0-9]+)\s*\(\s*/y)?.[1];
  if (!name || !Object.hasOwn(INTRINSICS, name)) {
    throw new SyntaxError(
      `'${parser.text}': unknown intrinsic function at '${parser.text.slice(parser.at)}'`,
    );
  }
  if (depth > MAX_NESTING)
    throw new SyntaxError(`'${parser.text}': more than ${MAX_NESTING} nested functions`);
  const args: Expression[] = [];
  while (!take(parser, /\s*\)\s*/y)) {
    if (args.length > 0 && !take(parser, /\s*,\s*/y)) {
      throw new SyntaxError(`'${parser.text}': expected , or ) at '${parser.text.slice(parser.at)}'`);
    }
    args.push(parseArgument(parser, depth));
  }
  const [least, most] = INTRINSICS[name].arity;
  if (args.length < least || args.length > most) {
    throw new SyntaxError(`'${parser.text}': ${name} does not take ${args.length} arguments`);
  }
  return { kind: 'call', name, args };
}

function parseArgument(parser: Parser, depth: number): Expression {
  const quoted = take(parser, /'((?:[^'\\]|\\.)*)'/y);
  if (quoted) return { kind: 'text', raw: quoted[1] };
  const literal = take(parser, /true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
  if (literal) return { kind: 'value', value: JSON.parse(literal[0]) };
  const path = take(parser, /\$(?:\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]])*\]|[^,()[\]\s])*/y);
  if (path) return { kind: 'path', path: parsePath(path[0]) };
  return parseCall(parser, depth + 1);
}

/**
 * Value of a call. Throws States.Runtime for a path that leads nowhere and States.IntrinsicFailure where a
 * function refuses its arguments.
 */
export function evaluateIntrinsic(text: string, input: Json, context: Json): Json {
  const evaluate = (expression: Expression): Json => {
    switch (expression.kind) {
      case 'value':
        return expression.value;
      case 'text':
        return expression.raw.replace(/\\(.)/g, '$1');
      case 'path': {
        const value = readPath(expression.path, input, context);
        if (value !== undefined) return value;
        throw runtimeError(
          `The function '${text}' had the following error: The JsonPath argument for the field '${expression.path.text}' could not be found in the input '${JSON.stringify(input)}'`,
        );
      }
      case 'call': {
        const args = expression.args.map((arg, i) =>
          expression.name === 'States.Format' && i === 0 && arg.kind === 'text' ? arg.raw : evaluate(arg),
        );
        try {
          return INTRINSICS[expression.name].run(args);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new StateError('States.IntrinsicFailure', `${expression.name}: ${reason}`);
        }
      }
    }
  };
  return evaluate(parseIntrinsic(text));
}
