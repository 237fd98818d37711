/** Accounts and sign-in on the wire. */
import { z } from 'zod';
import type { User } from '../identity.ts';
import { blankable, iso, isoTime, nextCursor, pageQuery, shortText } from './common.ts';

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
  .meta({ examples: ['ada@example.org'] });

/** The rule the web client shows while a password is typed. */
const PASSWORD_RULE: [RegExp, string][] = [
  [/.{8}/su, 'at least 8 characters'],
  [/\d/, 'a digit'],
  [/[A-Z]/, 'an upper-case letter'],
  [/[a-z]/, 'a lower-case letter'],
  [/[!@#$%^&*(),.?":{}|<>]/, 'a special character of !@#$%^&*(),.?":{}|<>'],
];
const newPassword = z
  .string()
  .max(200)
  .superRefine((password, context) => {
    const missing = PASSWORD_RULE.filter(([pattern]) => !pattern.test(password)).map(([, what]) => what);
    if (missing.length > 0) context.addIssue({ code: 'custom', message: `needs ${missing.join(', ')}` });
  })
  .meta({
    format: 'password',
    description: 'At least 8 characters with a digit, an upper-case, a lower-case and a special character',
    examples: ['Correct-horse.7'],
  });

const name = blankable(shortText(100));
export const registerBody = z
  .object({
    email,
    password: newPassword,
    username: name,
    firstname: name,
    lastname: name,
    firstName: name,
    lastName: name,
  })
  .transform(({ firstname, lastname, firstName, lastName, ...rest }) => ({
    ...rest,
    firstName: firstName ?? firstname,
    lastName: lastName ?? lastname,
  }));

export const registerAnswer = z.object({
  success: z.literal(true),
  userId: z.string(),
  status: z.enum(['waiting', 'active', 'disabled']),
  message: z.string(),
});

/** Older callers send the address as `username`. */
export const loginBody = z
  .object({
    email: email.optional(),
    username: email.optional(),
    password: z
      .string()
      .min(1)
      .max(200)
      .meta({ format: 'password', examples: ['Correct-horse.7'] }),
  })
  .refine((body) => body.email ?? body.username, { path: ['email'], message: 'is missing' })
  .transform((body) => ({ email: (body.email ?? body.username) as string, password: body.password }));

const token = z
  .string()
  .meta({ examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMUs5In0.c2ln'] });
export const signedIn = z
  .object({
    success: z.literal(true),
    user_id: z.string(),
    id_token: token,
    access_token: token,
    refresh_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z
      .number()
      .int()
      .meta({ description: 'Seconds', examples: [3600] }),
    idToken: token.meta({ deprecated: true, description: 'The id_token' }),
    token: token.meta({ deprecated: true, description: 'The id_token' }),
  })
  .meta({ id: 'SignedIn' });

export const refreshBody = z.object({
  refresh_token: z.string().min(1).max(4_096).meta({ description: 'Valid once; the answer holds the next' }),
});

export const profile = z
  .object({
    userId: z.string(),
    id: z.string(),
    sub: z.string(),
    username: z.string(),
    name: z.string(),
    email: z.string(),
    firstName: z.string().optional(),
    lastName: z.string().optional(),
    level: z.enum(['user', 'developer', 'admin']),
    status: z.enum(['waiting', 'active', 'disabled']),
    isAdmin: z.boolean(),
    createdAt: isoTime,
  })
  .meta({ id: 'Profile' });

/** A person as that person and administrators see it. */
export function toProfile(user: User): z.infer<typeof profile> {
  return {
    userId: user.userId,
    id: user.userId,
    sub: user.userId,
    username: user.username,
    name: [user.firstName, user.lastName].filter(Boolean).join(' ') || user.username,
    email: user.email,
    firstName: user.firstName,
    lastName: user.lastName,
    level: user.role,
    status: user.status,
    isAdmin: user.role === 'admin',
    createdAt: iso(user.createdAt),
  };
}

export const userQuery = pageQuery.extend({ status: z.enum(['waiting', 'active', 'disabled']).optional() });
export const userList = z.object({ users: z.array(profile), cursor: nextCursor });
