/** Commands in documents: blocks of shell, and transcripts of a terminal with what was printed. */

export interface Step {
  readonly command: string;
  /** What is shown below it; `...` stands for anything, on a line of its own for any lines; gaps of columns are of any width. */
  readonly shown: readonly string[];
}

/** The bodies of the fenced blocks of a language, in order. */
export function blocksOf(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , body]) => body);
}

/** The steps of all `console` blocks: lines behind `$ ` are commands, the others what they print. */
export function stepsOf(markdown: string): Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const block of blocksOf(markdown, 'console')) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] });
      else steps.at(-1)?.shown.push(line);
    }
  }
  return steps;
}

/** What output must look like to be what is shown. */
export function patternOf({ shown }: Step): RegExp {
  const lines = shown.map((line) =>
    line === '...'
      ? '(?:.*\\n)*?'
      : `${line
          .split('...')
          .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/ {2,}/g, ' {2,}'))
          .join('.*?')} *\\n`,
  );
  return new RegExp(`^${lines.join('')}$`);
}
