/** `cloudmr login`, `logout`, `whoami`. Passwords and tokens are typed or piped in, never part of a command line. */
import type { Command } from 'commander';
import { createBrokerClient, dataOf } from '../../../client/index.js';
import { openPrompt, PromptCanceled } from '../../../infra/mode2-deployment/prompt.ts';
import { type Cli, Interrupted, UsageError } from '../command.ts';
import { credentialsFile, kept, LOCAL_URL } from '../session.ts';

interface LoginFlags {
  readonly url?: string;
  readonly email?: string;
  readonly token?: boolean;
}

/** Adds the commands. */
export function loginCommands(program: Command, cli: Cli, clock: () => number): void {
  program
    .command('login')
    .description('sign in at a broker; the session is kept in your home directory')
    .option('--url <url>', `the broker; CLOUDMR_URL or ${LOCAL_URL} if left out`)
    .option('--email <address>', 'who you are')
    .option('--token', 'with a personal access token instead of a password')
    .addHelpText(
      'after',
      `
The password (or token) is asked for, or read from standard input if that is not a terminal.

Examples:
  $ cloudmr login --url https://broker.example.org --email ada@example.org
  $ cloudmr login --token < token.txt`,
    )
    .action((flags: LoginFlags) => login(cli, flags, clock));

  program
    .command('logout')
    .description('end the session and forget it')
    .action(async () => {
      const file = credentialsFile(cli.environment);
      const stored = await file.read();
      if (stored?.refreshToken) {
        const client = createBrokerClient({ baseUrl: stored.url, token: stored.token });
        await client.POST('/api/auth/logout', { body: { refresh_token: stored.refreshToken } }).catch(() => {
          cli.io.err('The broker could not be told; the session ends by itself.');
        });
      }
      await file.remove();
      cli.show({ signedIn: false }, () => 'Signed out.');
    });

  program
    .command('whoami')
    .description('who is signed in, and where')
    .action(async () => {
      const { client, url } = await cli.session();
      const me = await dataOf(client.GET('/api/profile'));
      cli.show({ url, ...me }, () => `${me.email} (${me.level}) at ${url}`);
    });
}

async function login(cli: Cli, flags: LoginFlags, clock: () => number): Promise<void> {
  const url = (flags.url ?? cli.environment.url ?? LOCAL_URL).replace(/\/+$/, '');
  if (!URL.canParse(url)) throw new UsageError(`${url} is not a URL`);
  const file = credentialsFile(cli.environment);
  const done = (who: { email: string }): void =>
    cli.show({ url, email: who.email }, () => `Signed in as ${who.email} at ${url}.`);
  const typed = process.stdin.isTTY ? await asked(cli, flags) : await piped(flags);
  if (flags.token) {
    const token = typed.secret;
    const me = await dataOf(createBrokerClient({ baseUrl: url, token }).GET('/api/profile'));
    await file.write({ url, email: me.email, token });
    return done(me);
  }
  const { email = '', secret: password } = typed;
  const body = { email, password };
  const answer = await dataOf(createBrokerClient({ baseUrl: url }).POST('/api/auth/login', { body }));
  await file.write(kept(url, email, answer, clock()));
  done({ email });
}

interface Typed {
  /** Absent with a personal access token: the broker knows whose it is. */
  readonly email?: string;
  readonly secret: string;
}

/** Asks at the terminal for what the flags do not say. */
async function asked(cli: Cli, flags: LoginFlags): Promise<Typed> {
  const prompt = openPrompt(cli.signal);
  try {
    if (flags.token) return { secret: (await prompt.ask('Token: ', { hidden: true })).trim() };
    const email = flags.email ?? (await prompt.ask('E-mail: ')).trim();
    return { email, secret: await prompt.ask('Password: ', { hidden: true }) };
  } catch (error) {
    throw error instanceof PromptCanceled ? new Interrupted('Nobody was signed in.') : error;
  } finally {
    prompt.close();
  }
}

/** From a pipe the secret is the first line. */
async function piped(flags: LoginFlags): Promise<Typed> {
  if (!flags.token && !flags.email) throw new UsageError('--email says who you are');
  let text = '';
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > 10_000) throw new UsageError('standard input is no secret');
  }
  const [secret] = text.split(/\r?\n/);
  if (!secret) throw new UsageError('standard input is empty: the password or token is read from it');
  return { email: flags.email, secret };
}
