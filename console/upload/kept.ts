/** What is kept of an upload so that it can go on after the page was closed: which parts have arrived. No bytes. */

export interface Kept {
  readonly dataId: string;
  readonly uploadId: string;
  readonly partBytes: number;
  readonly parts: number;
  /** ETags by part number. */
  readonly etags: Record<string, string>;
}

const PREFIX = 'cloudmr-upload ';

/** The same file for the same computing unit: by name, size and time of change. */
export function keyOf(file: File, unitId: string): string {
  return `${PREFIX}${unitId} ${file.size} ${file.lastModified} ${file.name}`;
}

export function kept(key: string): Kept | undefined {
  const text = localStorage.getItem(key);
  return text ? (JSON.parse(text) as Kept) : undefined;
}

export function keep(key: string, value: Kept): void {
  localStorage.setItem(key, JSON.stringify(value));
}

export function forget(key: string): void {
  localStorage.removeItem(key);
}
