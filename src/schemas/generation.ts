/**
 * Grows with a release that writes items which the release before cannot read (a higher `schema` of any kind). While
 * processes of both share a table, only those of the newer one do background work; a backup of a newer one is refused.
 */
export const STORE_GENERATION = 1;
