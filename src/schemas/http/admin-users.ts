/** Accounts as administrators see and change them. */
import { z } from 'zod';
import { role, type User, userStatus } from '../identity.ts';
import { profile, toProfile } from './auth.ts';
import { iso, isoTime, nextCursor, pageQuery } from './common.ts';

export const account = profile
  .extend({
    resetRequestedAt: isoTime
      .optional()
      .meta({ description: 'The person forgot the password and waits for a reset code' }),
    updatedAt: isoTime,
  })
  .meta({ id: 'Account' });

export function toAccount(user: User): z.infer<typeof account> {
  return {
    ...toProfile(user),
    resetRequestedAt: user.resetRequestedAt === undefined ? undefined : iso(user.resetRequestedAt),
    updatedAt: iso(user.updatedAt),
  };
}

export const userQuery = pageQuery.extend({
  status: userStatus.optional().meta({ description: 'Deleted accounts are only shown if asked for' }),
  resetRequested: z
    .enum(['true', 'false'])
    .optional()
    .transform((word) => word === 'true')
    .meta({ description: 'true: only people who wait for a reset code' }),
});
export const userList = z.object({ users: z.array(account), cursor: nextCursor });

export const roleBody = z.object({ role }).meta({ examples: [{ role: 'developer' }] });

export const resetCode = z
  .object({
    code: z.string().meta({ examples: ['7K3M-Q9XA-2HTC-5RWE'] }),
    expiresAt: isoTime,
    message: z.string(),
  })
  .meta({ id: 'ResetCode' });
