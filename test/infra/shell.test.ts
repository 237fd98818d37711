/** The shell scripts that people run: on Linux and on macOS, whose bash is 3.2 and whose tools are BSD's. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';

const INFRA = new URL('../../infra/', import.meta.url);
const scripts = readdirSync(INFRA, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.sh'),
);

/** What came after bash 3.2, and what BSD's tools do otherwise. Each is a pattern over one line without its comment. */
const LATER: Record<string, RegExp> = {
  'case of a variable (bash 4)': /\$\{\w+(\[[^\]]*\])?(,,?|\^\^?)/,
  'transformation of a variable (bash 4.4)': /\$\{\w+@[A-Za-z]\}/,
  'negative substring length or index (bash 4.2)': /\$\{\w+:[^}]*:-\d|\[-\d+\]/,
  'mapfile and readarray (bash 4)': /\b(mapfile|readarray)\b/,
  'associative arrays, name references, globals (bash 4)': /\b(declare|local|typeset)\s+-\w*[Ang]/,
  'coproc (bash 4)': /\bcoproc\b/,
  '&>> and |& (bash 4)': /&>>|\|&/,
  ';& and ;;& (bash 4)': /;&|;;&/,
  'printf of time or into an array (bash 4.1)': /printf\s+(-v\s+\w+\[|.*%\([^)]*\)T)/,
  'test -v (bash 4.2)': /\[\[?\s+-v\s/,
  'globstar, inherit_errexit (bash 4)': /shopt\s+-s\s+(globstar|inherit_errexit|lastpipe|autocd)/,
  'BASHPID, EPOCHSECONDS (bash 4)': /\$\{?(BASHPID|EPOCH(SECONDS|REALTIME))\b/,
  'read -i or -N (bash 4)': /\bread\s+(-\w+\s+)*-\w*[iN]/,
  'wait -n (bash 4.3)': /\bwait\s+-n\b/,
  'brace ranges with steps or zeros (bash 4)': /\{\d+\.\.\d+\.\.\d+\}|\{0\d+\.\./,
  'an empty array under set -u (fails before bash 4.4)': /"\$\{(?!BASH_SOURCE)\w+\[@\]\}"/,
  'date --options, date -d (GNU)': /\bdate\s+(--\w|-d\b)/,
  'sed -i without a suffix, sed -r (GNU)': /\bsed\s+(-\w*r\b|-i(?!\s*['"]{2}|\.))/,
  'grep -P (GNU)': /\bgrep\s+-\w*P/,
  'readlink -f, realpath (GNU)': /\breadlink\s+-f|\brealpath\b/,
  'long options of coreutils (GNU)': /\b(cp|mv|rm|ls|sort|head|tail|stat|xargs|mktemp|base64)\s+--\w/,
  'stat -c, mktemp with a suffix, xargs -r, base64 -w (GNU)': /\bstat\s+-c|\bxargs\s+-\w*r|\bbase64\s+-w/,
  'timeout, tac, nproc, seq -f (not on macOS)': /^\s*(timeout|tac|nproc|sha256sum|md5sum)\b/,
};

const withoutComment = (line: string): string => line.replace(/(^|\s)#.*$/, '');
const laterThan = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line, i) =>
      Object.entries(LATER).flatMap(([what, pattern]) =>
        pattern.test(withoutComment(line)) ? `line ${i + 1}: ${what}` : [],
      ),
    );

t.test('U16: the scripts use nothing that bash 3.2 and the tools of macOS lack', async (t) => {
  t.ok(scripts.length >= 7, 'all of them are found');
  for (const script of scripts) {
    const text = readFileSync(new URL(script, INFRA), 'utf8');
    t.same(laterThan(text), [], script);
    t.ok(text.startsWith('#!/usr/bin/env bash\n'), `${script}: the bash that is in the path`);
    t.ok(statSync(new URL(script, INFRA)).mode & 0o100, `${script} can be run`);
    t.notOk(text.includes('\r'), `${script}: no carriage returns`);
  }
});

t.test('U16: the rule sees what the scripts of before failed by', async (t) => {
  for (const line of [
    `answer="\${answer,,}"`,
    'mapfile -t lines < file',
    'declare -A names',
    'end=$(date --utc +%s)',
    'sed -i "s/a/b/" file',
    'command |& tee log',
    `for x in "\${list[@]}"; do :; done`,
    'shopt -s globstar',
  ]) {
    t.equal(laterThan(line).length, 1, line);
  }
  t.same(laterThan(`sed -i "" s/a/b/ file\nname=\${1:-default}\necho "\${BASH_SOURCE[0]}" # \${x,,}`), []);
});
