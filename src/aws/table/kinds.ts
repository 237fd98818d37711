/** Every kind of item that is stored. */
import { ACCESS_TOKEN } from '../stores/access-token-store.ts';
import { ASIDE } from '../stores/aside-store.ts';
import { AUDIT } from '../stores/audit-store.ts';
import { DATA } from '../stores/data-store.ts';
import { DRAFT } from '../stores/draft-store.ts';
import { HOLDINGS } from '../stores/holdings.ts';
import { IDEMPOTENCY, JOB } from '../stores/job-store.ts';
import { MAIL } from '../stores/mail-store.ts';
import { LEASE, MEMBER } from '../stores/member-store.ts';
import { BULLETIN } from '../stores/news-store.ts';
import { ROI } from '../stores/roi-store.ts';
import { SIGN_INS } from '../stores/sign-in-store.ts';
import { SWITCH } from '../stores/switch-store.ts';
import { TOKEN } from '../stores/token-store.ts';
import { GRANT, ROLE_CLAIM, SAME_UNIT, UNIT } from '../stores/unit-store.ts';
import { UNIT_LIMITS, USAGE } from '../stores/usage-store.ts';
import { EMAIL_CLAIM, USER } from '../stores/user-store.ts';
import { WAITER } from '../stores/waiter-store.ts';
import { DELETED_JOB, DELIVERY, WEBHOOK } from '../stores/webhook-store.ts';
import type { Kind } from './items.ts';

export const KINDS: readonly Kind<unknown>[] = [
  ACCESS_TOKEN,
  ASIDE,
  AUDIT,
  DATA,
  DRAFT,
  HOLDINGS,
  JOB,
  IDEMPOTENCY,
  MAIL,
  MEMBER,
  LEASE,
  BULLETIN,
  ROI,
  SIGN_INS,
  SWITCH,
  TOKEN,
  UNIT,
  SAME_UNIT,
  ROLE_CLAIM,
  GRANT,
  USAGE,
  UNIT_LIMITS,
  USER,
  EMAIL_CLAIM,
  WEBHOOK,
  DELIVERY,
  DELETED_JOB,
  WAITER,
];
