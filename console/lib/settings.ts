/** What the broker says about itself, read once. */
export interface Settings {
  readonly apiUrl: string;
  readonly region: string;
  readonly templateUrl: string | null;
}

let read: Promise<Settings> | undefined;

export function settings(): Promise<Settings> {
  const asked = read ?? fetchSettings();
  read = asked;
  return asked;
}

async function fetchSettings(): Promise<Settings> {
  try {
    const response = await fetch('/console/settings.json');
    if (!response.ok) throw new Error(`The broker answered ${response.status}.`);
    return await response.json();
  } catch (error) {
    read = undefined;
    throw error;
  }
}
