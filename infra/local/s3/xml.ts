/** XML of the S3 protocol in both directions; no document type is accepted, so no entity is ever defined. */
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { AwsError } from '../contract.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Deepest document of the protocol is 4 levels (CORS rules, delete lists); more is an attack. */
const MAX_DEPTH = 10;

const MARKUP: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Markup, and every character that an XML reader would drop or normalise (CR, LF, controls). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: object keys may hold control characters
const UNSAFE = /[&<>"\u0000-\u001f\u007f-\u009f\u2028\ufffe\uffff]/g;

function escapeText(value: unknown): string {
  return String(value).replace(
    UNSAFE,
    (char) => MARKUP[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  processEntities: false,
  tagValueProcessor: (_name, value) => escapeText(value),
});

/** A document with the given root element; arrays repeat their element, undefined members are left out. */
export function buildXml(root: string, members: Record<string, unknown>): string {
  const attributes = root === 'Error' ? {} : { '@xmlns': NAMESPACE };
  return builder.build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    [root]: { ...attributes, ...members },
  });
}

/** An element: its text, or its children by name. */
export type XmlElement = string | { readonly [name: string]: readonly XmlElement[] };

function malformed(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our schema',
  );
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Decodes the five predefined and the numeric references; any other reference is refused. */
function decodeReferences(text: string): string {
  return text.replace(/&([^;&]{0,10};)?/g, (_match, reference: string | undefined) => {
    const name = reference?.slice(0, -1) ?? '';
    if (Object.hasOwn(NAMED, name)) return NAMED[name];
    const digits = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name);
    const code = digits ? Number.parseInt(digits[1] ?? digits[2], digits[1] ? 16 : 10) : -1;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < 0 || code > 0x10ffff || surrogate) throw malformed();
    return String.fromCodePoint(code);
  });
}

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  cdataPropName: '#cdata',
  isArray: () => true,
  maxNestedTags: MAX_DEPTH,
  tagValueProcessor: (_name, value) => decodeReferences(value),
});

/**
 * Parses a document and returns its root element, which must have the given name.
 * Throws MalformedXML for anything else: document types, CDATA sections, deep nesting, unknown references.
 */
export function parseXml(text: string, root: string): XmlElement {
  if (/<!(DOCTYPE|ENTITY|\[CDATA\[)/i.test(text)) throw malformed();
  let document: Record<string, readonly XmlElement[]>;
  try {
    document = parser.parse(text); // first: it limits the nesting, which the validator does not
    if (XMLValidator.validate(text) !== true) throw malformed();
  } catch {
    throw malformed(); // the parser's own messages may quote the input
  }
  const roots = Object.hasOwn(document, root) ? document[root] : [];
  if (Object.keys(document).length !== 1 || roots.length !== 1) throw malformed();
  return roots[0];
}

/** The children of an element that bear a name, in document order. */
export function children(element: XmlElement, name: string): readonly XmlElement[] {
  return typeof element !== 'string' && Object.hasOwn(element, name) ? element[name] : [];
}

/** The texts of the children that bear a name; an element where text belongs is malformed. */
export function texts(element: XmlElement, name: string): string[] {
  return children(element, name).map((child) => {
    if (typeof child !== 'string') throw malformed();
    return child;
  });
}

/** The text of the only child of that name; undefined without one, MalformedXML for several. */
export function text(element: XmlElement, name: string): string | undefined {
  const found = texts(element, name);
  if (found.length > 1) throw malformed();
  return found[0];
}

/** The names of the children, without white space between them. */
export function childNames(element: XmlElement): string[] {
  return typeof element === 'string' ? [] : Object.keys(element).filter((name) => name !== '#text');
}
