/** Administration: people, the units of the platform, how the broker is. */
import type { ComponentChildren } from 'preact';
import { Link, usePlace } from '../../lib/router.tsx';
import { PageHead } from '../../ui/parts.tsx';

const TABS = [
  ['/admin', 'People'],
  ['/admin/units', 'Units of the platform'],
  ['/admin/operations', 'Operations'],
  ['/admin/audit', 'Audit'],
] as const;

export function Admin({ children }: { children: ComponentChildren }) {
  const { path } = usePlace();
  return (
    <>
      <PageHead title="Administration" />
      <nav class="tabs" aria-label="Administration">
        {TABS.map(([to, name]) => (
          <Link key={to} to={to} aria-current={path === to ? 'page' : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <div class="stack">{children}</div>
    </>
  );
}
