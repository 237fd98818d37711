/** Accounts and sign-in on the wire. */
import { z } from 'zod';
import { role, type User, userStatus } from '../identity.ts';
import { type Scope, scope } from '../scopes.ts';
import { blankable, iso, isoTime, shortText } from './common.ts';

export const email = z
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
export const newPassword = z
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
const longName = blankable(shortText(200));
export const registerBody = z
  .object({
    email,
    password: newPassword,
    username: name,
    firstname: name,
    lastname: name,
    firstName: name,
    lastName: name,
    institution: longName,
    title: name,
  })
  .transform(({ firstname, lastname, firstName, lastName, ...rest }) => ({
    ...rest,
    firstName: firstName ?? firstname,
    lastName: lastName ?? lastname,
  }))
  .meta({
    examples: [
      {
        email: 'ada@example.org',
        password: 'Correct-horse.7',
        firstName: 'Ada',
        lastName: 'Lovelace',
        institution: 'Example University',
      },
    ],
  });

export const registerAnswer = z
  .object({
    success: z.literal(true),
    userId: z.string(),
    status: userStatus,
    message: z.string(),
  })
  .meta({
    examples: [
      {
        success: true,
        userId: '01K9ZB1C3D5F7H9K1M3P5R7T9V',
        status: 'waiting',
        message: 'Wait until an administrator has approved the account.',
      },
    ],
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
  .meta({ anyOf: [{ required: ['email'] }, { required: ['username'] }] })
  .transform((body) => ({ email: (body.email ?? body.username) as string, password: body.password }))
  .meta({ examples: [{ email: 'ada@example.org', password: 'Correct-horse.7' }] });

const EXAMPLE_TOKEN = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMUs5In0.c2ln';
const token = z.string().meta({ examples: [EXAMPLE_TOKEN] });
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
  .meta({
    id: 'SignedIn',
    examples: [
      {
        success: true,
        user_id: '01K9ZB1C3D5F7H9K1M3P5R7T9V',
        id_token: EXAMPLE_TOKEN,
        access_token: EXAMPLE_TOKEN,
        refresh_token: '1kVbXzq0vYQ.3kq8',
        token_type: 'Bearer',
        expires_in: 3_600,
        idToken: EXAMPLE_TOKEN,
        token: EXAMPLE_TOKEN,
      },
    ],
  });

export const refreshBody = z
  .object({
    refresh_token: z
      .string()
      .min(1)
      .max(4_096)
      .meta({ description: 'Valid once; the answer holds the next' }),
  })
  .meta({ examples: [{ refresh_token: '1kVbXzq0vYQ.3kq8' }] });

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
    institution: z.string().optional(),
    title: z.string().optional(),
    level: role,
    status: userStatus.meta({ examples: ['active'] }),
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
    institution: user.institution,
    title: user.title,
    level: user.role,
    status: user.status,
    isAdmin: user.role === 'admin',
    createdAt: iso(user.createdAt),
  };
}

/** The caller, with what the token at hand may do and until when. */
export const ownProfile = profile
  .extend({
    token: z.object({
      kind: z.enum(['session', 'personal']),
      expiresAt: isoTime.optional(),
      scopes: z.array(scope).optional().meta({ description: 'Of a personal access token' }),
    }),
  })
  .meta({ id: 'OwnProfile' });

export function toOwnProfile(
  user: User,
  { expiresAt, scopes }: { expiresAt?: number; scopes?: readonly Scope[] },
): z.infer<typeof ownProfile> {
  const token = {
    kind: scopes ? ('personal' as const) : ('session' as const),
    expiresAt: expiresAt === undefined ? undefined : iso(expiresAt),
    scopes: scopes && [...scopes],
  };
  return { ...toProfile(user), token };
}

export const profileChange = z
  .object({ username: name, firstName: name, lastName: name, institution: longName, title: name })
  .meta({
    description: 'What is left out stays; an empty text is removed',
    examples: [{ firstName: 'Ada', institution: 'Example University' }],
  });

export const done = z.object({ success: z.literal(true), message: z.string() });

export const forgotBody = z.object({ email }).meta({ examples: [{ email: 'ada@example.org' }] });

const code = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'From an administrator', examples: ['7K3M-Q9XA-2HTC-5RWE'] });
/** Some callers write new_password. */
export const resetBody = z
  .object({ email, code, newPassword: newPassword.optional(), new_password: newPassword.optional() })
  .refine((body) => body.newPassword ?? body.new_password, { path: ['newPassword'], message: 'is missing' })
  .meta({ anyOf: [{ required: ['newPassword'] }, { required: ['new_password'] }] })
  .transform(({ newPassword, new_password, ...rest }) => ({
    ...rest,
    newPassword: (newPassword ?? new_password) as string,
  }))
  .meta({
    examples: [{ email: 'ada@example.org', code: '7K3M-Q9XA-2HTC-5RWE', newPassword: 'Correct-horse.8' }],
  });

export const changePasswordBody = z
  .object({
    oldPassword: z
      .string()
      .min(1)
      .max(200)
      .meta({ format: 'password', examples: ['Correct-horse.7'] }),
    newPassword,
  })
  .meta({ examples: [{ oldPassword: 'Correct-horse.7', newPassword: 'Correct-horse.8' }] });

export const logoutBody = z
  .object({
    refresh_token: z.string().min(1).max(4_096).optional().meta({ description: 'Ends its session' }),
    everywhere: z.boolean().default(false).meta({ description: 'Ends all sessions of the person' }),
  })
  .meta({ examples: [{ refresh_token: '1kVbXzq0vYQ.3kq8' }, { everywhere: true }] });
