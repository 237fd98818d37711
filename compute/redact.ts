/**
 * The task as it may be shown: results are shared, so whatever gives access or tells about a machine is
 * taken out. Bucket names and keys stay; they open nothing.
 */

/** Names of fields whose value is dropped, whatever it is. */
const SECRET_NAMES =
  /token|secret|password|passwd|authorization|credential|api_?key|cookie|presigned|signed_?url|callback/i;
/** Strings that give access by themselves: signed URLs, bearer tokens, JWTs, access keys. */
const SECRET_VALUES =
  /X-Amz-(Signature|Credential|Security-Token)|AWSAccessKeyId=|[?&]Signature=|\beyJ[\w-]+\.[\w-]+\.|\b(AKIA|ASIA)[A-Z0-9]{12,}/i;
/** An absolute path of this or another machine, perhaps in quotes; the file's name is kept. */
const LOCAL_PATH = /^(['"`(]*)((?:file:\/\/|[A-Za-z]:[\\/]|[\\/]|~\/|\.{1,2}[\\/]).+)$/;

const REMOVED = '[removed]';

/** A deep copy without tokens, signed URLs and local paths. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !SECRET_NAMES.test(name))
        .map(([name, inner]) => [name, withoutSecrets(inner)]),
    );
  }
  return typeof value === 'string' ? textWithoutSecrets(value) : value;
}

/** A text without signed URLs, tokens and local paths, for example the message of an error. */
export function textWithoutSecrets(text: string): string {
  // A path may hold blanks: a text that begins like one is one.
  if (LOCAL_PATH.test(text) && !SECRET_VALUES.test(text)) return cleanWord(text);
  const words = text.split(/(\s+)/);
  return words.map((word, i) => (/^bearer$/i.test(words[i - 2] ?? '') ? REMOVED : cleanWord(word))).join('');
}

function cleanWord(word: string): string {
  if (/^bearer$/i.test(word) || SECRET_VALUES.test(word)) return REMOVED;
  const path = LOCAL_PATH.exec(word);
  if (!path) return word;
  const [, quotes, rest] = path;
  return `${quotes}${rest.split(/[\\/]/).findLast((name) => name !== '') ?? REMOVED}`;
}
