/** The frame of pages for people who are not signed in. */
import type { ComponentChildren } from 'preact';
import { ThemeButton } from '../../ui/frame.tsx';

export function Outside({
  title,
  lead,
  children,
}: {
  title: string;
  lead?: string;
  children: ComponentChildren;
}) {
  return (
    <main>
      <div class="narrow stack">
        <div class="row row-between">
          <span class="brand">
            <img src="/console/icon.svg" alt="" />
            CloudMR
          </span>
          <ThemeButton />
        </div>
        <div class="card stack">
          <div class="stack-small">
            <h1>{title}</h1>
            {lead && <p class="soft">{lead}</p>}
          </div>
          {children}
        </div>
      </div>
    </main>
  );
}
