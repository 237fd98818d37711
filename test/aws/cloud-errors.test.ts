/** Errors of AWS in terms a service can decide on. */
import t from 'tap';
import { CloudError } from '../../services/ports.ts';
import { mayBeExpired, toCloudError } from '../../src/aws/cloud-errors.ts';

/** An error as the SDK throws it. */
function awsError(name: string, status: number | undefined, message = 'why', code?: string): Error {
  const error = Object.assign(new Error(message), { $metadata: { httpStatusCode: status }, code });
  error.name = name;
  return error;
}

const TABLE: [name: string, status: number | undefined, problem: string, code?: string][] = [
  ['AccessDenied', 403, 'denied'],
  ['AccessDeniedException', 400, 'denied'],
  ['SignatureDoesNotMatch', 403, 'denied'],
  ['RequestTimeTooSkewed', 403, 'clock_skew'],
  ['RequestExpired', 400, 'clock_skew'],
  ['ExpiredToken', 400, 'expired'],
  ['ExpiredTokenException', 400, 'expired'],
  ['InvalidClientTokenId', 403, 'expired'],
  ['UnrecognizedClientException', 400, 'expired'],
  ['StateMachineDoesNotExist', 400, 'not_found'],
  ['ExecutionDoesNotExist', 400, 'not_found'],
  ['NoSuchKey', 404, 'not_found'],
  ['NotFound', 404, 'not_found'],
  ['NoSuchBucket', 404, 'not_found'],
  ['ExecutionAlreadyExists', 400, 'already_exists'],
  ['ValidationException', 400, 'invalid'],
  ['InvalidName', 400, 'invalid'],
  ['InvalidExecutionInput', 400, 'invalid'],
  ['PermanentRedirect', 301, 'invalid'],
  ['ThrottlingException', 400, 'throttled'],
  ['SlowDown', 503, 'throttled'],
  ['TooManyRequestsException', 429, 'throttled'],
  ['ExecutionLimitExceeded', 400, 'throttled'],
  ['InternalError', 500, 'unavailable'],
  ['ServiceUnavailable', 503, 'unavailable'],
  ['TimeoutError', undefined, 'unavailable'],
  ['Error', undefined, 'unavailable', 'ECONNREFUSED'],
  ['Error', undefined, 'unavailable', 'ECONNRESET'],
  ['403', 403, 'denied'],
  ['UnknownError', 404, 'not_found'],
  ['SomethingNew', 400, 'invalid'],
  ['SomethingNew', 418, 'invalid'],
];

t.test('every code has one meaning', async (t) => {
  for (const [name, status, problem, code] of TABLE) {
    const error = toCloudError('HeadObject', awsError(name, status, 'why', code)) as CloudError;
    t.ok(error instanceof CloudError, name);
    t.equal(error.problem, problem, `${name} ${status ?? code ?? ''}`);
    t.equal(error.operation, 'HeadObject');
  }
});

t.test('a refused AssumeRole is a matter of trust', async (t) => {
  const refused = toCloudError('AssumeRole', awsError('AccessDenied', 403, 'not authorized')) as CloudError;
  t.equal(refused.problem, 'trust_denied');
  t.equal(refused.awsCode, 'AccessDenied');
  t.equal(refused.message, 'AssumeRole: not authorized');
  t.equal((toCloudError('AssumeRole', awsError('Throttling', 400)) as CloudError).problem, 'throttled');
});

t.test('answers without a code are named by their status, and long messages end', async (t) => {
  const head = toCloudError('HeadObject', awsError('Unknown', 404, 'UnknownError')) as CloudError;
  t.equal(head.message, 'HeadObject: HTTP 404');
  t.equal(
    (toCloudError('X', awsError('SlowDown', 503, 'x'.repeat(9_999))) as CloudError).message.length,
    500,
  );
});

t.test('defects of the broker are not blamed on AWS', async (t) => {
  const defect = new TypeError('undefined is not a function');
  t.equal(toCloudError('HeadObject', defect), defect);
  const already = new CloudError('denied', 'PutObject', 'AccessDenied', 'x');
  t.equal(toCloudError('HeadObject', already), already);
});

t.test('an ended session shows by its code, or by a bare 400 as HEAD gives it', async (t) => {
  t.ok(mayBeExpired(awsError('ExpiredTokenException', 400)));
  t.ok(mayBeExpired(awsError('ExpiredToken', 400)));
  t.ok(mayBeExpired(awsError('400', 400)));
  t.notOk(mayBeExpired(awsError('ValidationException', 400)));
  t.notOk(mayBeExpired(awsError('AccessDenied', 403)));
  t.notOk(mayBeExpired(awsError('TimeoutError', undefined)));
});
