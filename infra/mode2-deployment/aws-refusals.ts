/** What the `aws` program says when it fails, as something a person can act on. */
import { DeployFailure, failure, PROBLEMS, type ProblemCode } from './failure.ts';

/** AWS has answered, and refuses. */
export class AwsRefusal extends DeployFailure {
  /** As AWS names it: `ValidationError`, `AccessDenied`. */
  readonly awsCode: string;
  readonly operation: string;
  /** AWS' own sentence. */
  readonly reason: string;

  constructor(awsCode: string, operation: string, reason: string) {
    const code = isDenial(awsCode) ? 'permission_missing' : endedBy(awsCode);
    super(code, `${PROBLEMS[code].title}: ${operation}: ${reason} (${awsCode})`, PROBLEMS[code].remedy);
    this.name = 'AwsRefusal';
    this.awsCode = awsCode;
    this.operation = operation;
    this.reason = reason;
  }
}

const DENIALS = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|Unauthorized|403)$/;
export const isDenial = (awsCode: string): boolean => DENIALS.test(awsCode);

function endedBy(awsCode: string): ProblemCode {
  if (/^(ExpiredToken|ExpiredTokenException|RequestExpired)$/.test(awsCode)) return 'credentials_expired';
  if (/^(RequestTimeTooSkewed|SignatureDoesNotMatch)$/.test(awsCode)) return 'clock_wrong';
  if (/^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|AuthFailure)$/.test(awsCode)) {
    return 'no_credentials';
  }
  return awsCode === 'OptInRequired' ? 'region_unusable' : 'aws_refused';
}

/** Before AWS was asked at all. */
const LOCAL: readonly [pattern: RegExp, code: ProblemCode][] = [
  [/Unable to locate credentials|NoCredentials|Unable to load credentials/i, 'no_credentials'],
  [/config profile .* could not be found/i, 'no_profile'],
  [
    /Token has expired|SSO (session|token)|Error loading SSO|refresh failed|aws sso login/i,
    'credentials_expired',
  ],
  [
    /Could not connect to the endpoint|Connection was closed|timed? ?out|Failed to connect|ended by/i,
    'aws_unreachable',
  ],
  [/Invalid endpoint|region .*(invalid|does not exist)|must specify a region/i, 'region_unusable'],
  [/Invalid choice|Unknown options|not valid choice|Unknown parameter/i, 'aws_cli_old'],
];

/** The failure that the program's standard error tells. */
export function refusalOf(stderr: string, command: string): DeployFailure {
  const text = stderr.trim();
  const refused = /An error occurred \(([\w.]+)\)(?: when calling the (\w+) operation)?[^:]*: ([\s\S]*)/.exec(
    text,
  );
  if (refused) return new AwsRefusal(refused[1], refused[2] ?? command, refused[3].trim());
  const local = LOCAL.find(([pattern]) => pattern.test(text));
  const said = text.split('\n').at(-1) ?? '';
  return failure(local?.[1] ?? 'aws_refused', `aws ${command}: ${said || 'failed without a word'}`);
}
