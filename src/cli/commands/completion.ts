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
      cli.io.out(shell === 'fish' ? fish(words) : bash(words, shell === 'zsh'));
    });
}

/** For every path of commands ("" is the program) what may follow. */
function* wordsOf(command: Command, path = ''): Generator<[path: string, words: string[]]> {
  const flags = command.options.flatMap(({ long }) => long ?? []);
  yield [path, [...command.commands.map((child) => child.name()), ...flags, '--help']];
  for (const child of command.commands)
    yield* wordsOf(child, path ? `${path} ${child.name()}` : child.name());
}

function bash(words: [string, string[]][], zsh: boolean): string {
  const cases = words.map(([path, next]) => `    "${path}") words="${next.join(' ')}" ;;`);
  return `${zsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_cloudmr() {
  local path="" word words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) ;; *) [ "$(wc -w <<<"$path")" -lt 2 ] && path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
    *) words="" ;;
  esac
  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")); fi
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _cloudmr cloudmr`;
}

function fish(words: [string, string[]][]): string {
  return words
    .map(([path, next]) => {
      const names = path.split(' ').filter(Boolean);
      const when =
        names.length === 0
          ? '__fish_use_subcommand'
          : names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
      return `complete -c cloudmr -n '${when}' -a '${next.join(' ')}'`;
    })
    .join('\n');
}
