/** Content-Disposition for downloads (RFC 6266, RFC 8187). */

const MAX_NAME = 150;

/**
 * `attachment` with a name that cannot break out of the header or mean a path: an ASCII form for every client
 * and, if that loses something, the exact name in UTF-8.
 */
export function attachment(filename: string): string {
  const name = safeName(filename);
  const ascii = name.replace(/[^\x20-\x7e]/gu, '_').replace(/["%]/g, '_');
  if (ascii === name) return `attachment; filename="${ascii}"`;
  return `attachment; filename="${ascii}"; filename*=UTF-8''${extValue(name)}`;
}

/** Without control characters, invisible marks that reorder text, separators of paths, and leading dots. */
function safeName(filename: string): string {
  const clean = filename
    .replace(/\p{Cs}/gu, '_')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[\\/]/g, '_')
    .replace(/^[. ]+|[. ]+$/g, '');
  const short = Array.from(clean).slice(0, MAX_NAME).join('');
  return short === '' ? 'download' : short;
}

/** Percent-encoding of RFC 8187: encodeURIComponent leaves four characters that are not allowed there. */
function extValue(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
