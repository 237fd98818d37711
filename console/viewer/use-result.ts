/** Loads the result of a job for as long as a page shows it. */
import { useEffect, useState } from 'preact/hooks';
import { loadResult, type Result } from './result.ts';

export type Loaded =
  | { readonly kind: 'loading'; readonly received: number }
  | { readonly kind: 'ready'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Loads anew when `attempt` changes. */
export function useResult(jobId: string, attempt: number): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading', received: 0 });
  useEffect(() => {
    const stop = new AbortController();
    let opened: Result | undefined;
    setLoaded({ kind: 'loading', received: 0 });
    loadResult(jobId, (received) => setLoaded({ kind: 'loading', received }), stop.signal).then(
      (result) => {
        opened = result;
        if (stop.signal.aborted) result.close();
        else setLoaded({ kind: 'ready', result });
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setLoaded({ kind: 'failed', error });
      },
    );
    return () => {
      stop.abort();
      opened?.close();
    };
  }, [jobId, attempt]);
  return loaded;
}
