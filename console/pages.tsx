/** All pages for people who are signed in, by address; the first that fits is shown. */
import type { ComponentType } from 'preact';
import { Files } from './pages/files/files.tsx';
import { Home } from './pages/home/home.tsx';
import { JobPage } from './pages/jobs/job.tsx';
import { JobList } from './pages/jobs/list.tsx';
import { NewJob } from './pages/new/new-job.tsx';

export const pages: readonly { pattern: string; page: ComponentType<Record<string, string>> }[] = [
  { pattern: '/', page: Home },
  { pattern: '/jobs', page: JobList },
  { pattern: '/jobs/new', page: NewJob },
  { pattern: '/jobs/:id', page: JobPage as unknown as ComponentType<Record<string, string>> },
  { pattern: '/files', page: Files },
];
