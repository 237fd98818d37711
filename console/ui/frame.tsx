/** What is around every page: where one can go, and who one is. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useMe } from '../lib/me.ts';
import { Link } from '../lib/router.tsx';
import { applyTheme, storedTheme, type Theme } from '../lib/theme.ts';
import { useAct } from '../lib/use.ts';
import { Problem } from './parts.tsx';

const PLACES = [
  ['/', 'Home'],
  ['/jobs', 'Jobs'],
  ['/files', 'Files'],
  ['/units', 'Computing units'],
  ['/costs', 'Costs'],
] as const;

const NEXT: Record<Theme, [next: Theme, now: string]> = {
  system: ['light', 'Auto'],
  light: ['dark', 'Light'],
  dark: ['system', 'Dark'],
};

interface FrameProps {
  path: string;
  onSignOut: () => Promise<void>;
  children: ComponentChildren;
}

export function Frame({ path, onSignOut, children }: FrameProps) {
  const me = useMe();
  const [open, setOpen] = useState(false);
  const leave = useAct(onSignOut);
  useEffect(() => setOpen(false), [path]);
  const current = (to: string) =>
    (to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)) ? 'page' : undefined;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="bar" data-open={open ? '' : undefined}>
        <div class="bar-inner">
          <Link to="/" class="brand">
            <img src="/console/icon.svg" alt="" />
            CloudMR
          </Link>
          <button type="button" class="menu-toggle quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            Menu
          </button>
          <nav class="nav" aria-label="Main">
            {PLACES.map(([to, name]) => (
              <Link key={to} to={to} aria-current={current(to)}>
                {name}
              </Link>
            ))}
            {me.role === 'admin' && (
              <Link to="/admin" aria-current={current('/admin')}>
                Administration
              </Link>
            )}
          </nav>
          <div class="bar-end">
            <ThemeButton />
            <Link to="/settings" class="button quiet" title={me.email}>
              {me.name}
            </Link>
            <button type="button" class="quiet" disabled={leave.busy} onClick={() => void leave.run()}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {leave.error !== undefined && (
          <Problem error={leave.error}>
            <p>You are still signed in. Sign out again.</p>
          </Problem>
        )}
        {children}
      </main>
    </>
  );
}

export function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const [next, now] = NEXT[theme];
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Colours: ${now}. Change`}
      title="Light, dark, or as the system says"
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />
      </svg>
      {now}
    </button>
  );
}
