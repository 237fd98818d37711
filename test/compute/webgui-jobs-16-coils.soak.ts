import t from 'tap';
import { testWebguiJobs } from './helpers/webgui-jobs.ts';

await testWebguiJobs(t, 16);
