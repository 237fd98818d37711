/**
 * The task as it may be shown: results are shared, so whatever gives access or tells about a machine is
 * taken out. Bucket names and keys stay; they open nothing.
 */

/** Names of fields whose value is dropped, whatever it is. */
const SECRET_NAMES =
  /token|secret|password|passwd|authorization|credential|api_?key|cookie|presigned|signed_?url|callback/i;
/** Strings that give access by themselves: signed URLs, bearer tokens, JWTs, access keys. */
const SECRET_VALUES =
  /X-Amz-(Signature|Credential|Security-Token)|AWSAccessKeyId=|[?&]Signature=|\bBearer\s|\beyJ[\w-]+\.[\w-]+\.|\b(AKIA|ASIA)[A-Z0-9]{12,}/i;
/** Absolute paths of this or another machine; the file's name is kept. */
const LOCAL_PATH = /^(file:\/\/|[A-Za-z]:[\\/]|[\\/]|~\/|\.{1,2}[\\/])/;

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

/** A text without the parts that give access, for example the message of an error. */
export function textWithoutSecrets(text: string): string {
  if (LOCAL_PATH.test(text) && !/\s/.test(text)) return text.split(/[\\/]/).at(-1) || REMOVED;
  if (!SECRET_VALUES.test(text)) return text;
  return text
    .split(/(\s+)/)
    .map((word, i, words) =>
      SECRET_VALUES.test(word) || /^bearer$/i.test(words[i - 2] ?? '') ? REMOVED : word,
    )
    .join('');
}
