/** Numbers, times and sizes for people. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const second = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** `12.4 MB`; decimal units, as disks and networks have them. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : whole.format(value)} ${units[unit]}`;
}

/** US dollars; small sums keep two digits that mean something. */
export function usd(value: number): string {
  if (value === 0) return '$0';
  if (value < 0.0001) return '< $0.0001';
  if (value < 0.1) return `$${value.toFixed(4)}`;
  return `$${value.toFixed(2)}`;
}

/** `45 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
  return s > 0 ? `${m} min ${s} s` : `${m} min`;
}

/** Date and time in the reader's zone. */
export function when(iso: string): string {
  return moment.format(new Date(iso));
}

/** The same to the second, where several things happen in a minute. */
export function whenExactly(iso: string): string {
  return second.format(new Date(iso));
}

/** `2 min ago`; dates that are older than a week as dates. */
export function ago(iso: string, now: number): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (seconds < 45) return 'just now';
  if (seconds < 3_570) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.round(seconds / 86_400)} d ago`;
  return when(iso);
}

/** Four digits at most; what cannot be said is a dash. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e6)) return value.toExponential(2);
  return Number(value.toPrecision(4)).toString();
}

export function count(value: number, thing: string): string {
  return `${whole.format(value)} ${thing}${value === 1 ? '' : 's'}`;
}

export const percent = (part: number): string => `${Math.round(100 * part)} %`;

export const modeName = (mode: string): string => (mode === 'mode_2' ? 'Your account' : 'Platform');

/** Who has to act, in words. */
export const actorName = (actor: string): string =>
  ({ user: 'You', unit_owner: 'The owner of the computing unit', operator: 'The operator of the platform' })[
    actor
  ] ?? actor;
