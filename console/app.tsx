/** The console: finds out who is there, then the page for the address. */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, data } from './lib/api.ts';
import { type Me, MeContext } from './lib/me.ts';
import { goTo, match, usePlace } from './lib/router.tsx';
import { resume, signOut, whenSessionEnds } from './lib/session.ts';
import { Forgotten } from './pages/account/forgotten.tsx';
import { Register } from './pages/account/register.tsx';
import { SignIn } from './pages/account/sign-in.tsx';
import { pages } from './pages.tsx';
import { Frame } from './ui/frame.tsx';
import { Loading, Problem } from './ui/parts.tsx';

type Who =
  | { kind: 'unknown' }
  | { kind: 'nobody' }
  | { kind: 'somebody'; me: Me }
  | { kind: 'error'; error: unknown };

async function findOut(): Promise<Who> {
  try {
    if (!(await resume())) return { kind: 'nobody' };
    const profile = await data(api.GET('/api/profile'));
    const { userId, email, name, level } = profile;
    return { kind: 'somebody', me: { userId, email, name: name || email, role: level } };
  } catch (error) {
    return { kind: 'error', error };
  }
}

export function App() {
  const [who, setWho] = useState<Who>({ kind: 'unknown' });
  const place = usePlace();
  const look = async () => setWho(await findOut());
  useEffect(() => {
    whenSessionEnds(() => setWho({ kind: 'nobody' }));
    void look();
  }, []);
  useTitle(place.path);

  if (who.kind === 'unknown') return <Loading what="the console" />;
  if (who.kind === 'error') {
    return (
      <main class="narrow stack">
        <h1>CloudMR</h1>
        <Problem error={who.error} />
        <button type="button" class="primary" onClick={() => void look()}>
          Try again
        </button>
      </main>
    );
  }
  if (who.kind === 'nobody') {
    if (place.path === '/register') return <Register />;
    if (place.path === '/forgotten') return <Forgotten />;
    return <SignIn onSignedIn={() => void look()} />;
  }
  const { Page, params } = pageFor(place.path);
  return (
    <MeContext.Provider value={who.me}>
      <Frame
        path={place.path}
        onSignOut={async () => {
          await signOut();
          goTo('/', { replace: true });
          setWho({ kind: 'nobody' });
        }}
      >
        {Page ? <Page key={place.path} {...params} /> : <NoSuchPage />}
      </Frame>
    </MeContext.Provider>
  );
}

function pageFor(path: string): {
  Page?: ComponentType<Record<string, string>>;
  params: Record<string, string>;
} {
  for (const { pattern, page } of pages) {
    const params = match(pattern, path);
    if (params) return { Page: page, params };
  }
  return { params: {} };
}

function NoSuchPage() {
  return (
    <div class="card empty">
      <h1>There is no such page</h1>
      <p>The address may be from an older release.</p>
    </div>
  );
}

/** The heading of the page is its title; after a move it is also where a screen reader goes on. */
function useTitle(path: string): void {
  const first = useRef(true);
  useEffect(() => {
    const heading = () => document.querySelector('h1')?.textContent;
    const name = () => {
      document.title = heading() ? `${heading()} · CloudMR` : 'CloudMR';
    };
    const watcher = new MutationObserver(name);
    watcher.observe(document.body, { childList: true, subtree: true, characterData: true });
    name();
    if (!first.current) document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
    first.current = false;
    return () => watcher.disconnect();
  }, [path]);
}
