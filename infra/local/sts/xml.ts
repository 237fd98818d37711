/** The query protocol's XML answers. */
import type { AwsError } from '../contract.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const ESCAPES: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

export type XmlTree = { readonly [name: string]: string | number | XmlTree | undefined };

function write(tree: XmlTree): string {
  return Object.entries(tree)
    .map(([name, value]) => {
      if (value === undefined) return '';
      const inner =
        typeof value === 'object' ? write(value) : String(value).replace(/[<>&"']/g, (c) => ESCAPES[c]);
      return `<${name}>${inner}</${name}>`;
    })
    .join('');
}

/** The answer of an operation. */
export function resultXml(action: string, result: XmlTree, requestId: string): string {
  const content = write({ [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } });
  return `<${action}Response xmlns="${NAMESPACE}">${content}</${action}Response>`;
}

export function errorXml(error: AwsError, requestId: string): string {
  const Type = error.statusCode >= 500 ? 'Receiver' : 'Sender';
  const content = write({ Error: { Type, Code: error.code, Message: error.message }, RequestId: requestId });
  return `<ErrorResponse xmlns="${NAMESPACE}">${content}</ErrorResponse>`;
}
