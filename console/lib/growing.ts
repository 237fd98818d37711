/** A list to choose from that grows by a page when somebody asks for more. */
import { useState } from 'preact/hooks';
import { useAct, useResource } from './use.ts';

export interface Growing<T> {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  readonly error: unknown;
  /** Reads the next page; undefined if there is none. */
  readonly more: (() => void) | undefined;
  readonly busy: boolean;
  /** Begins again with the first page. */
  reload(): Promise<void>;
}

/** `read` answers a page and the cursor of the next one. */
export function useGrowing<T>(
  read: (cursor?: string) => Promise<{ items: readonly T[]; cursor: string | undefined }>,
): Growing<T> {
  const first = useResource(() => read(), []);
  const [rest, setRest] = useState<{ items: readonly T[]; cursor: string | undefined }>();
  const last = rest ?? first.data;
  const more = useAct(async () => {
    const next = await read(last?.cursor);
    setRest({ items: [...(rest?.items ?? []), ...next.items], cursor: next.cursor });
  });
  return {
    items: first.data && [...first.data.items, ...(rest?.items ?? [])],
    error: first.error ?? more.error,
    more: last?.cursor ? () => void more.run() : undefined,
    busy: more.busy,
    async reload() {
      setRest(undefined);
      await first.reload();
    },
  };
}
