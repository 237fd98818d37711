/** All pages for people who are signed in, by address; the first that fits is shown. */
import type { ComponentType } from 'preact';
import { Home } from './pages/home/home.tsx';
import { JobPage } from './pages/jobs/job.tsx';
import { JobList } from './pages/jobs/list.tsx';

export const pages: readonly { pattern: string; page: ComponentType<Record<string, string>> }[] = [
  { pattern: '/', page: Home },
  { pattern: '/jobs', page: JobList },
  { pattern: '/jobs/:id', page: JobPage as unknown as ComponentType<Record<string, string>> },
];
