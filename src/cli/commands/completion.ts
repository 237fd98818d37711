/** `cloudmr completion`: words for the Tab key, read off the commands themselves. */
import { Argument, type Command } from 'commander';
import type { Cli } from '../command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Adds the command. */
export function completionCommand(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('a script for your shell that completes commands and flags')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText('after', '\nExample, in ~/.bashrc:\n  source <(cloudmr completion bash)')
    .action((shell: (typeof SHELLS)[number]) => {
      const words = [...wordsOf(program)];
      const script = shell === 'fish' ? fish(words) : bash(words, shell === 'zsh');
      cli.show({ shell, script }, () => script);
    });
}

interface Words {
  /** Of commands; "" is the program. */
  readonly path: string;
  /** What may follow. */
  readonly next: readonly string[];
  /** What may follow a flag, where that is known. */
  readonly values: readonly { readonly flag: string; readonly of: readonly string[] }[];
}

function* wordsOf(command: Command, path = ''): Generator<Words> {
  const flags = command.options.flatMap(({ long }) => long ?? []);
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  yield {
    path,
    next: [...command.commands.map((child) => child.name()), ...choices, ...new Set([...flags, '--help'])],
    values: command.options.flatMap(({ long, argChoices }) =>
      long && argChoices ? [{ flag: long, of: argChoices }] : [],
    ),
  };
  for (const child of command.commands)
    yield* wordsOf(child, path ? `${path} ${child.name()}` : child.name());
}

function bash(words: readonly Words[], zsh: boolean): string {
  const paths = words.map(({ path }) => path).filter(Boolean);
  const cases = words.map(({ path, next }) => `    "${path}") words="${next.join(' ')}" ;;`);
  const values = words.flatMap(({ path, values: known }) =>
    known.map(({ flag, of }) => `    "${path}|${flag}") words="${of.join(' ')}" ;;`),
  );
  // Only words that are commands make the path: files and values of flags stand between them.
  return `${zsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_cloudmr() {
  local path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "|${paths.join('|')}|" in
      *"|\${path:+$path }\${COMP_WORDS[i]}|"*) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$path|\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _cloudmr cloudmr`;
}

function fish(words: readonly Words[]): string {
  return words
    .flatMap(({ path, next, values }) => {
      const names = path.split(' ').filter(Boolean);
      const when =
        names.length === 0
          ? '__fish_use_subcommand'
          : names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
      return [
        `complete -c cloudmr -n '${when}' -a '${next.join(' ')}'`,
        ...values.map(
          ({ flag, of }) => `complete -c cloudmr -n '${when}' -l ${flag.slice(2)} -x -a '${of.join(' ')}'`,
        ),
      ];
    })
    .join('\n');
}
