/** All pages for people who are signed in, by address; the first that fits is shown. */
import type { ComponentType } from 'preact';
import { AdminAudit } from './pages/admin/audit.tsx';
import { Operations } from './pages/admin/operations.tsx';
import { People } from './pages/admin/people.tsx';
import { PlatformUnits } from './pages/admin/platform-units.tsx';
import { Compare } from './pages/compare/compare.tsx';
import { Costs } from './pages/costs/costs.tsx';
import { Files } from './pages/files/files.tsx';
import { Home } from './pages/home/home.tsx';
import { JobPage } from './pages/jobs/job.tsx';
import { JobList } from './pages/jobs/list.tsx';
import { NewJob } from './pages/new/new-job.tsx';
import { SettingsPage } from './pages/settings/settings.tsx';
import { Connect } from './pages/units/connect.tsx';
import { UnitList } from './pages/units/list.tsx';
import { UnitPage } from './pages/units/unit.tsx';

type Page = ComponentType<Record<string, string>>;

export const pages: readonly { pattern: string; page: Page }[] = [
  { pattern: '/', page: Home },
  { pattern: '/jobs', page: JobList },
  { pattern: '/jobs/new', page: NewJob },
  { pattern: '/jobs/:id', page: JobPage as unknown as Page },
  { pattern: '/compare', page: Compare },
  { pattern: '/files', page: Files },
  { pattern: '/units', page: UnitList },
  { pattern: '/units/connect', page: Connect },
  { pattern: '/units/:id', page: UnitPage as unknown as Page },
  { pattern: '/costs', page: Costs },
  { pattern: '/settings', page: SettingsPage },
  { pattern: '/admin', page: People },
  { pattern: '/admin/units', page: PlatformUnits },
  { pattern: '/admin/operations', page: Operations },
  { pattern: '/admin/audit', page: AdminAudit },
];
