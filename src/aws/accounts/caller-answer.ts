/** The answer of sts:GetCallerIdentity, read so strictly that no other answer passes for one. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { ProofError } from '../../../services/units/ports.ts';

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  processEntities: false,
  ignoreDeclaration: false,
});
const ROOT = 'GetCallerIdentityResponse';
const RESULT = 'GetCallerIdentityResult';
const ARN =
  /^arn:(aws[a-z-]*):(?:iam|sts)::(\d{12}):(?:root|(?:user|assumed-role|federated-user)\/[\w+=,.@/-]{1,512})$/;

/**
 * Account and ARN of the signer.
 * @throws ProofError unless it is exactly one answer with one account, one ARN of that account, in `partition`.
 */
export function readCallerAnswer(
  xml: string,
  contentType: string | undefined,
  partition: string,
): { accountId: string; arn: string } {
  if (!/^(?:text|application)\/xml\b/i.test(contentType ?? '')) throw unreadable('is not XML');
  // Entities, comments, CDATA and instructions have no place in it, and are what parsers disagree about.
  if (/<!|<\?(?!xml\s)/.test(xml)) throw unreadable('is not plain XML');
  if (XMLValidator.validate(xml) !== true) throw unreadable('is not well-formed');
  const document = only(parser.parse(xml), [ROOT, '?xml']);
  const response = only(document[ROOT], [RESULT, 'ResponseMetadata']);
  const result = only(response[RESULT], ['Arn', 'UserId', 'Account']);
  const { Arn: arn, Account: accountId } = result;
  if (typeof arn !== 'string' || typeof accountId !== 'string') throw unreadable('names no caller');
  const parts = ARN.exec(arn);
  if (!parts || !/^\d{12}$/.test(accountId)) throw unreadable('names no caller');
  if (parts[2] !== accountId) throw unreadable('names two accounts');
  if (parts[1] !== partition) throw unreadable('is of another partition');
  return { accountId, arn };
}

/** An element with no other children than these, each at most once. */
function only(element: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof element !== 'object' || element === null || Array.isArray(element))
    throw unreadable('is not that of STS');
  const record = element as Record<string, unknown>;
  for (const [name, value] of Object.entries(record)) {
    if (!names.includes(name) || Array.isArray(value)) throw unreadable('is not that of STS');
  }
  return record;
}

function unreadable(why: string): ProofError {
  return new ProofError(`the answer to the signed request ${why}`);
}
