/** The tests of a file as its syntax says: their titles, and whether they assert anything. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface FoundTest {
  readonly title: string;
  /** Calls of tap's assertions inside, those in functions of its own included. */
  readonly assertions: number;
  /** Left out or to be written. */
  readonly skipped: boolean;
}

const ASSERTIONS =
  /^(ok|notOk|equal|not|same|notSame|match|notMatch|has|throws|rejects|resolves|resolveMatch|strictSame)$/;

/** @param path of the file; titles with places in them as they are written: `${document}: every link` */
export function testsOf(path: URL): FoundTest[] {
  const source = ts.createSourceFile(path.pathname, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: FoundTest[] = [];
  visit(source, (node) => {
    if (!ts.isCallExpression(node) || nameOf(node) !== 'test') return;
    const [title, options] = node.arguments;
    if (!title) return;
    let assertions = 0;
    visit(node, (inner) => {
      if (ts.isCallExpression(inner) && ASSERTIONS.test(nameOf(inner) ?? '')) assertions++;
    });
    const skipped =
      options !== undefined &&
      ts.isObjectLiteralExpression(options) &&
      /\b(skip|todo)\b/.test(options.getText());
    found.push({ title: titleOf(title), assertions, skipped });
  });
  return found;
}

function titleOf(node: ts.Expression): string {
  return ts.isStringLiteralLike(node) ? node.text : node.getText().slice(1, -1);
}

function nameOf({ expression }: ts.CallExpression): string | undefined {
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}
