/** What the three programs that set up the platform take: parsing, help and documents follow from it. */
import { parseArgs } from 'node:util';
import { failure } from '../../mode2-deployment/failure.ts';

export const PROGRAMS = {
  'create-ecr-repos': 'makes the image repositories of the platform, private and public',
  'create-github-oidc-role': 'makes the role that GitHub Actions deploys the platform with',
  'setup-github-secrets': 'sets the secrets that the workflow of the platform needs',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

interface PlatformOption {
  readonly type: 'string' | 'boolean';
  readonly value?: string;
  readonly default?: string;
  readonly help: string;
  readonly programs: readonly ProgramName[];
}

const AWS: readonly ProgramName[] = ['create-ecr-repos', 'create-github-oidc-role'];
const ALL: readonly ProgramName[] = [...AWS, 'setup-github-secrets'];

export const PLATFORM_OPTIONS = {
  region: {
    type: 'string',
    value: 'REGION',
    default: 'us-east-1',
    help: 'AWS region of the platform',
    programs: AWS,
  },
  profile: { type: 'string', value: 'NAME', help: 'profile of the AWS CLI', programs: AWS },
  environment: {
    type: 'string',
    value: 'NAME',
    default: 'production',
    help: 'GitHub environment of the deploying job',
    programs: ['create-github-oidc-role', 'setup-github-secrets'],
  },
  'preview-environment': {
    type: 'string',
    value: 'NAME',
    default: 'preview',
    help: 'GitHub environment of pull requests',
    programs: ['create-github-oidc-role'],
  },
  audience: {
    type: 'string',
    value: 'TEXT',
    default: 'sts.amazonaws.com',
    help: 'audience of the identity tokens',
    programs: ['create-github-oidc-role'],
  },
  'role-name': {
    type: 'string',
    value: 'NAME',
    help: 'default: GitHubActionsRole-REPOSITORY; that of pull requests has -preview behind it',
    programs: ['create-github-oidc-role'],
  },
  yes: {
    type: 'boolean',
    help: 'asks nothing: secrets come from variables of their names',
    programs: ['setup-github-secrets'],
  },
  json: {
    type: 'boolean',
    help: 'asks nothing; one JSON document on standard output, words on standard error',
    programs: ALL,
  },
  'dry-run': { type: 'boolean', help: 'shows what would be done', programs: ALL },
  help: { type: 'boolean', help: 'shows this', programs: ALL },
} as const satisfies Record<string, PlatformOption>;

export interface PlatformRequest {
  readonly program: ProgramName;
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

const WORDS: Readonly<Record<ProgramName, string>> = {
  'create-ecr-repos': '',
  'create-github-oidc-role': ' ORGANISATION REPOSITORY',
  'setup-github-secrets': ' ORGANISATION/REPOSITORY',
};

/** @throws DeployFailure wrong_arguments */
export function readPlatformRequest([name = '', ...args]: string[]): PlatformRequest {
  if (!Object.hasOwn(PROGRAMS, name)) throw failure('wrong_arguments', `there is no program "${name}"`);
  const program = name as ProgramName;
  const known = Object.fromEntries(optionsOf(program).map(([flag, { type }]) => [flag, { type }]));
  try {
    const { values, positionals } = parseArgs({ args, options: known, strict: true, allowPositionals: true });
    const presets = Object.fromEntries(
      optionsOf(program).map(([flag, { default: preset }]) => [flag, preset]),
    );
    return { program, words: positionals, values: { ...presets, ...values } as PlatformRequest['values'] };
  } catch (error) {
    throw failure('wrong_arguments', (error as Error).message);
  }
}

function optionsOf(program: ProgramName): [string, PlatformOption][] {
  return (Object.entries(PLATFORM_OPTIONS) as [string, PlatformOption][]).filter(([, { programs }]) =>
    programs.includes(program),
  );
}

/** The help of a program. */
export function platformUsage(program: ProgramName): string {
  const rows = optionsOf(program).map(([flag, { value, default: preset, help }]) => {
    const left = `--${flag}${value ? ` ${value}` : ''}`;
    return `  ${left.padEnd(22)} ${help}${preset ? ` (default: ${preset})` : ''}`;
  });
  return `Usage: ${program}.sh${WORDS[program]} [options]\n\n${program}.sh ${PROGRAMS[program]}.\n\n${rows.join('\n')}`;
}
