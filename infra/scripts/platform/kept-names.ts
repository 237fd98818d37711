/**
 * The broker's template for a stack that takes over what an earlier one of its name has kept. CloudFormation imports only
 * what has its name written out, made by no function; later updates make the same names of the stack's.
 */
import { isMap, isScalar, parseDocument } from 'yaml';

/** The property that names a resource which can be imported by its name. Secrets cannot: AWS makes their ids. */
const NAME_OF: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
};

export interface StackPlace {
  readonly stackName: string;
  readonly accountId: string;
  readonly region: string;
}

/**
 * The template with the names of everything that is kept written out, and these names by logical id.
 * @throws Error where a name is made of anything but stack, account and region
 */
export function withKeptNames(
  body: string,
  place: StackPlace,
): { body: string; names: Record<string, string> } {
  // The tags of CloudFormation are unknown to YAML and stay as they are.
  const document = parseDocument(body, { logLevel: 'silent' });
  const resources = document.get('Resources');
  if (!isMap(resources)) throw new Error('the template has no resources');
  const names: Record<string, string> = {};
  for (const { key, value } of resources.items) {
    if (!isMap(value) || !String(value.get('DeletionPolicy') ?? '').startsWith('Retain')) continue;
    const property = NAME_OF[String(value.get('Type'))];
    const name = property && value.getIn(['Properties', property], true);
    if (!isScalar(name)) continue;
    name.value = written(String(name.value), place);
    name.tag = undefined;
    names[String(key)] = String(name.value);
  }
  return {
    body: document.toString({ indent: 1, indentSeq: false, lineWidth: 0, flowCollectionPadding: false }),
    names,
  };
}

function written(name: string, { stackName, accountId, region }: StackPlace): string {
  const known: Record<string, string> = {
    'AWS::StackName': stackName,
    'AWS::AccountId': accountId,
    'AWS::Region': region,
  };
  return name.replace(/\$\{([^}]+)\}/g, (_all, variable: string) => {
    if (!Object.hasOwn(known, variable))
      throw new Error(`${name}: ${variable} is not known before the stack is`);
    return known[variable];
  });
}
