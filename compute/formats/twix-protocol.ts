/**
 * The protocol text of a Siemens measurement, reduced to look-ups: `MeasYaps` (or `Phoenix`) holds the
 * protocol as `key = value` lines, `Meas` and `Dicom` as XProtocol trees `<ParamLong."key"> { value }`.
 */

/** Texts of a measurement by buffer name, as stored (Latin-1). */
export type ProtocolTexts = ReadonlyMap<string, string>;

export interface TwixProtocol {
  /** Number of `key` in MeasYaps, for example `sKSpace.lBaseResolution`. */
  number(key: string): number | undefined;
  /** String of `key` in MeasYaps, without its quotes. */
  text(key: string): string | undefined;
  /** First number of the first non-empty parameter `name` of an XProtocol buffer. */
  parameter(buffer: string, name: string): number | undefined;
  /** Text of the first non-empty parameter `name` of an XProtocol buffer. */
  parameterText(buffer: string, name: string): string | undefined;
}

/** How many parameters of one name are looked at until one has a value, and how long a value may be. */
const MAX_OCCURRENCES = 64;
const MAX_VALUE_CHARS = 2048;

export function createTwixProtocol(texts: ProtocolTexts): TwixProtocol {
  const yaps = parseYaps(texts.get('MeasYaps') || texts.get('Phoenix') || '');
  const value = (buffer: string, name: string): string | undefined =>
    parameterValue(texts.get(buffer) ?? '', name);
  return {
    number: (key) => toNumber(yaps.get(key)),
    text: (key) => /^"(.*)"$/.exec(yaps.get(key) ?? '')?.[1],
    parameter: (buffer, name) => toNumber(value(buffer, name)?.split(' ')[0]),
    parameterText: (buffer, name) => /^"([^"]*)"/.exec(value(buffer, name) ?? '')?.[1].trim() || undefined,
  };
}

/** `key = value` lines; a comment after a number (`0x2 # ...`) is cut off. */
function parseYaps(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 1) continue;
    const value = line.slice(equals + 1).trim();
    values.set(line.slice(0, equals).trim(), value.startsWith('"') ? value : value.split('#')[0].trim());
  }
  return values;
}

function toNumber(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Content of the braces after `"name">`, without attributes such as `<Precision> 6`, blanks collapsed. */
function parameterValue(text: string, name: string): string | undefined {
  const tag = `."${name}">`;
  let at = text.indexOf(tag);
  for (let n = 0; at >= 0 && n < MAX_OCCURRENCES; n++) {
    const window = text.slice(at + tag.length, at + tag.length + MAX_VALUE_CHARS);
    const braces = /^\s*\{([^{}]*)\}/.exec(window);
    const value = braces?.[1]
      .replace(/<[^<>]*>\s*("[^"]*"|\S+)/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    if (value) return value;
    at = text.indexOf(tag, at + 1);
  }
  return undefined;
}
