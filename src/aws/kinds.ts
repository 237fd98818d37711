/** Every kind of item that is stored. */
import { ACCESS_TOKEN } from './access-token-store.ts';
import { ASIDE } from './aside-store.ts';
import { AUDIT } from './audit-store.ts';
import { DATA } from './data-store.ts';
import { DRAFT } from './draft-store.ts';
import { HOLDINGS } from './holdings.ts';
import type { Kind } from './items.ts';
import { IDEMPOTENCY, JOB } from './job-store.ts';
import { MAIL } from './mail-store.ts';
import { LEASE, MEMBER } from './member-store.ts';
import { ROI } from './roi-store.ts';
import { SIGN_INS } from './sign-in-store.ts';
import { SWITCH } from './switch-store.ts';
import { TOKEN } from './token-store.ts';
import { GRANT, ROLE_CLAIM, SAME_UNIT, UNIT } from './unit-store.ts';
import { UNIT_LIMITS, USAGE } from './usage-store.ts';
import { EMAIL_CLAIM, USER } from './user-store.ts';
import { DELIVERY, WEBHOOK } from './webhook-store.ts';

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
];
