/** Hooks: what is read from the broker, and what is done there. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  reload(): Promise<void>;
  /** Puts what is known better in its place. */
  set(change: (now: T | undefined) => T | undefined): void;
}

/** Reads when `keys` change and when asked; an answer that comes too late is dropped. */
export function useResource<T>(read: () => Promise<T>, keys: readonly unknown[]): Resource<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: true });
  const round = useRef(0);
  const reader = useRef(read);
  reader.current = read;
  const reload = useCallback(async () => {
    const mine = ++round.current;
    try {
      const data = await reader.current();
      if (mine === round.current) setState({ data, loading: false });
    } catch (error) {
      if (mine === round.current) setState(({ data }) => ({ data, error, loading: false }));
    }
  }, []);
  useEffect(() => {
    setState({ loading: true });
    void reload();
    return () => {
      round.current++;
    };
  }, keys);
  const set = useCallback((change: (now: T | undefined) => T | undefined) => {
    setState((now) => ({ ...now, data: change(now.data) }));
  }, []);
  return { data: state.data, error: state.error, loading: state.loading, reload, set };
}

export interface Act<A extends unknown[]> {
  readonly busy: boolean;
  readonly error: unknown;
  run(...args: A): Promise<void>;
  clear(): void;
}

/** Something a person does: never twice at once, and what went wrong is kept to be shown. */
export function useAct<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Act<A> {
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const running = useRef(false);
  const worker = useRef(work);
  worker.current = work;
  const run = useCallback(async (...args: A) => {
    if (running.current) return;
    running.current = true;
    setState({ busy: true });
    try {
      await worker.current(...args);
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, error });
    } finally {
      running.current = false;
    }
  }, []);
  return { ...state, error: state.error, run, clear: () => setState({ busy: false }) };
}

/** Calls again and again while the page is visible. */
export function useEvery(ms: number, work: () => unknown, active = true): void {
  const worker = useRef(work);
  worker.current = work;
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => {
      if (!document.hidden) worker.current();
    }, ms);
    return () => clearInterval(timer);
  }, [ms, active]);
}

/** The time, renewed every `ms`. */
export function useNow(ms: number, active = true): number {
  const [now, setNow] = useState(Date.now);
  useEvery(ms, () => setNow(Date.now()), active);
  return now;
}
