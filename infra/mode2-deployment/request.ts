/** Arguments and environment of the deployment program as one request; and its help. */
import { parseArgs } from 'node:util';
import { failure } from './failure.ts';
import {
  COMMANDS,
  type CommandName,
  OPTIONS,
  type OptionInfo,
  type OptionName,
  optionsOf,
  type Values,
} from './options.ts';

export interface Request {
  readonly command: CommandName;
  readonly values: Values;
  /** The options that were given, by flag or environment: not those that have their default. */
  readonly given: ReadonlySet<OptionName>;
}

/**
 * Arguments and environment as one request. Flags go before the environment, which goes before defaults.
 * @throws DeployFailure `wrong_arguments`
 */
export function readRequest(args: string[], env: Readonly<Record<string, string | undefined>>): Request {
  const named = args[0] !== undefined && !args[0].startsWith('-');
  const command = named ? args[0] : 'deploy';
  if (!Object.hasOwn(COMMANDS, command)) {
    throw failure('wrong_arguments', `There is no command "${command}"`);
  }
  const known = optionsOf(command as CommandName);
  const flags = parsed(named ? args.slice(1) : args, known);
  const given = new Set<OptionName>();
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, OptionInfo][]) {
    const flag = flags[name];
    const fromEnvironment = option.env?.map((variable) => env[variable]?.trim()).find(Boolean);
    const value = flag ?? fromEnvironment;
    if (value !== undefined) given.add(name);
    const absent = option.multiple ? [] : option.type === 'boolean' ? false : option.default;
    values[name] = value ?? absent;
  }
  return { command: command as CommandName, values: values as unknown as Values, given };
}

function parsed(args: string[], known: [OptionName, OptionInfo][]): Record<string, unknown> {
  if (args.some((arg) => arg === '--token' || arg.startsWith('--token='))) {
    throw failure('wrong_arguments', 'There is no --token: everybody on this machine could read it');
  }
  const options = Object.fromEntries(
    known.map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short ? { short } : {}), ...(multiple ? { multiple } : {}) },
    ]),
  );
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    throw failure('wrong_arguments', (error as Error).message);
  }
}

/** The help of a command. */
export function usageOf(command: CommandName, program: string): string {
  const rows = optionsOf(command).map(([name, { short, value, default: preset, env, help }]) => {
    const flag = `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
    const notes = [preset !== undefined && `default: ${preset}`, env && `or ${env.join(', ')}`].filter(
      Boolean,
    );
    return `  ${flag.padEnd(30)} ${help}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
  });
  const commands = Object.entries(COMMANDS).map(([name, what]) => `  ${name.padEnd(10)} ${what}`);
  return [
    `Usage: ${program} [COMMAND] [options]`,
    '',
    `Commands (without one: deploy):\n${commands.join('\n')}`,
    '',
    `Options of ${command}:\n${rows.join('\n')}`,
    '',
    'The token may be in the variable CLOUDMR_TOKEN. It is never an argument.',
  ].join('\n');
}
