/** What AWS SAM makes of the parts that our templates use: plain resources of CloudFormation. */
import { readFileSync } from 'node:fs';

type Data = Record<string, unknown>;
interface Raw {
  readonly Type: string;
  readonly Properties: Data;
}

/**
 * @param document a template of SAM in its long form
 * @param source where it lies: the definition of a state machine is named relative to it
 * @throws Error naming a type of SAM that is not known here
 */
export function withoutServerless(document: Data, source: URL): Data {
  const globals = ((document['Globals'] ?? {}) as Record<string, Data>)['Function'] ?? {};
  const resources = Object.entries(document['Resources'] as Record<string, Raw>).map(([id, resource]) => {
    if (!resource.Type.startsWith('AWS::Serverless::')) return [id, resource];
    if (resource.Type === 'AWS::Serverless::Function')
      return [id, functionOf({ ...globals, ...resource.Properties })];
    if (resource.Type === 'AWS::Serverless::StateMachine')
      return [id, machineOf(resource.Properties, source)];
    throw new Error(`${resource.Type} is not known here`);
  });
  return { ...document, Resources: Object.fromEntries(resources) };
}

function functionOf({ ImageUri, Tags, ...properties }: Data): Raw {
  const Properties = { ...properties, Code: { ImageUri }, Tags: tagsOf(Tags) };
  return { Type: 'AWS::Lambda::Function', Properties };
}

function machineOf(properties: Data, source: URL): Raw {
  const { Name, Role, DefinitionUri, DefinitionSubstitutions, Tracing, Logging, Tags } = properties;
  const definition = readFileSync(new URL(String(DefinitionUri), source), 'utf8');
  return {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: Name,
      RoleArn: Role,
      DefinitionString: { 'Fn::Sub': [definition, DefinitionSubstitutions] },
      TracingConfiguration: Tracing,
      LoggingConfiguration: Logging,
      Tags: tagsOf(Tags),
    },
  };
}

function tagsOf(tags: unknown): { Key: string; Value: unknown }[] {
  return Object.entries((tags ?? {}) as Data).map(([Key, Value]) => ({ Key, Value }));
}
