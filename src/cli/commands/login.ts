/** `cloudmr login`, `logout`, `whoami`. Passwords and tokens are typed or piped in, never part of a command line. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { createBrokerClient, dataOf } from '../../../client/index.js';
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
  if (flags.token) {
    const token = await secret(cli, 'Token: ');
    const me = await dataOf(createBrokerClient({ baseUrl: url, token }).GET('/api/profile'));
    await file.write({ url, email: me.email, token });
    return done(me);
  }
  const email = flags.email ?? (await question(cli, 'E-mail: '));
  const body = { email, password: await secret(cli, 'Password: ') };
  const answer = await dataOf(createBrokerClient({ baseUrl: url }).POST('/api/auth/login', { body }));
  await file.write(kept(url, email, answer, clock()));
  done({ email });
}

async function question(cli: Cli, prompt: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('--email says who you are');
  return ask(cli, prompt, process.stderr);
}

/** What is typed is not shown; from a pipe it is the first line. */
async function secret(cli: Cli, prompt: string): Promise<string> {
  if (!process.stdin.isTTY) {
    let text = '';
    for await (const chunk of process.stdin) {
      text += chunk;
      if (text.length > 10_000) throw new UsageError('standard input is no secret');
    }
    const [line] = text.split(/\r?\n/);
    if (!line) throw new UsageError('standard input is empty: the password or token is read from it');
    return line;
  }
  process.stderr.write(prompt);
  const typed = await ask(cli, '', new Writable({ write: (_chunk, _encoding, done) => done() }));
  process.stderr.write('\n');
  return typed;
}

async function ask(cli: Cli, prompt: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const interrupted = new AbortController();
  lines.once('SIGINT', () => interrupted.abort());
  try {
    const signal = AbortSignal.any([cli.signal, interrupted.signal]);
    return (await lines.question(prompt, { signal })).trim();
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    throw new Interrupted('Nobody was signed in.');
  } finally {
    lines.close();
  }
}
