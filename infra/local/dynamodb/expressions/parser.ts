/** Tokens and document paths: what the grammars of all DynamoDB expressions have in common. */
import type { Path } from './ast.ts';
import { RESERVED_WORDS } from './reserved-words.ts';
import { ExpressionError, type Substitutions } from './substitutions.ts';

/** Limits of the DynamoDB Developer Guide; depth bounds the parser's own recursion. */
const MAX_BYTES = 4_096;
const MAX_OPERATORS = 300;
const MAX_DEPTH = 100;
const MAX_PATH_DEPTH = 32;
const MAX_LIST_INDEX = 2 ** 31 - 1;

const TOKEN = /\s*([A-Za-z_]\w*|[#:]\w+|\d+|<>|<=|>=|[=<>()[\].,+-])/y;
const IDENTIFIER = /^[A-Za-z_]/;

/** A cursor over the tokens of one expression. */
export interface Parser {
  readonly substitutions: Substitutions;
  /** The token at the cursor, `''` at the end; `ahead` tokens further on if given. */
  peek(ahead?: number): string;
  next(): string;
  /** Takes the token at the cursor if it is this one; words in any case. */
  accept(token: string): boolean;
  /** Takes this token or throws. */
  expect(token: string): void;
  path(): Path;
  /** Counts an operator or function; throws ExpressionError above Amazon's limit. */
  operator(): void;
  /** Runs a rule one level deeper; throws ExpressionError when nested too deeply. */
  nested<T>(rule: () => T): T;
  syntaxError(): ExpressionError;
}

/** Throws ExpressionError when the text has a character that no expression has, or is too long. */
export function createParser(text: string, substitutions: Substitutions): Parser {
  const tokens = tokenize(text);
  let at = 0;
  let operators = 0;
  let depth = 0;

  const element = (token: string): string => {
    if (token.startsWith('#')) return substitutions.name(token);
    if (!IDENTIFIER.test(token)) throw parser.syntaxError();
    if (RESERVED_WORDS.has(token.toLowerCase())) {
      throw new ExpressionError(`Attribute name is a reserved keyword; reserved keyword: ${token}`);
    }
    return token;
  };
  const index = (): number => {
    const token = parser.peek();
    if (!/^\d+$/.test(token)) throw parser.syntaxError();
    at++;
    parser.expect(']');
    if (Number(token) > MAX_LIST_INDEX)
      throw new ExpressionError('List index is not within the allowable range');
    return Number(token);
  };

  const parser: Parser = {
    substitutions,
    peek: (ahead = 0) => tokens[at + ahead] ?? '',
    next: () => tokens[at++] ?? '',
    accept(token) {
      if (parser.peek().toUpperCase() !== token) return false;
      at++;
      return true;
    },
    expect(token) {
      if (!parser.accept(token)) throw parser.syntaxError();
    },
    path() {
      const first = element(parser.peek());
      at++;
      const path: [string, ...(string | number)[]] = [first];
      for (;;) {
        if (parser.accept('[')) path.push(index());
        else if (parser.accept('.')) {
          path.push(element(parser.peek()));
          at++;
        } else break;
      }
      if (path.length <= MAX_PATH_DEPTH) return path;
      throw new ExpressionError('The document path has too many nesting elements');
    },
    operator() {
      if (++operators > MAX_OPERATORS) {
        throw new ExpressionError(`The expression contains more than ${MAX_OPERATORS} operators`);
      }
    },
    nested(rule) {
      if (++depth > MAX_DEPTH) throw new ExpressionError('The expression is nested too deeply');
      const result = rule();
      depth--;
      return result;
    },
    syntaxError() {
      const token = parser.peek() || '<EOF>';
      const near = tokens.slice(Math.max(0, at - 1), at + 2).join(' ');
      return new ExpressionError(`Syntax error; token: "${token}", near: "${near}"`);
    },
  };
  return parser;
}

function tokenize(text: string): string[] {
  if (text.trim() === '') throw new ExpressionError('The expression can not be empty;');
  if (Buffer.byteLength(text) > MAX_BYTES) {
    const size = `the expression has ${Buffer.byteLength(text)} bytes, the limit is ${MAX_BYTES}`;
    throw new ExpressionError(`Expression size has exceeded the maximum allowed size; ${size}`);
  }
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  for (let from = 0; from < end; from = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (!match) {
      const near = text.slice(from, from + 12).trim();
      throw new ExpressionError(`Syntax error; token: "${near.slice(0, 1)}", near: "${near}"`);
    }
    tokens.push(match[1]);
  }
  return tokens;
}
