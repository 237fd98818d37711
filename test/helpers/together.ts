/** Test files one after the other in one process; `npm test` puts them together (`infra/scripts/test-groups.ts`). */
import tap from 'tap';

/** The test that stands for the file that runs; alone, a file is the root itself. */
let current: typeof tap = tap;

/** Runs each file as a test that ends before the next one begins. */
export async function together(files: readonly string[]): Promise<void> {
  for (const file of files) {
    await tap.test(file.replace(/\.js$/, '.ts'), async (t) => {
      current = t as unknown as typeof tap;
      await import(new URL(`../../${file}`, import.meta.url).href);
    });
  }
}

/** What such a file gets instead of tap's root. */
export const t = new Proxy(tap, {
  get(_, name) {
    const value: unknown = Reflect.get(current, name);
    return typeof value === 'function' ? value.bind(current) : value;
  },
});
