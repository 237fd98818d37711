/** Waits until `probe` yields something; real processes need real time. */
export async function eventually<T>(probe: () => T | undefined | false, ms = 20_000): Promise<T> {
  const limit = Date.now() + ms;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > limit) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
