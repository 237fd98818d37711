/** A template for one stack: parameters, conditions and functions worked out, as far as that goes beforehand. */
import { attributeOf, type Place, type Resource, refOf, urlSuffix } from './names.ts';

export interface ResolvedTemplate {
  readonly place: Place;
  readonly parameters: Readonly<Record<string, string | string[]>>;
  /** Those whose condition holds. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, string>>;
}

type Data = Record<string, unknown>;

/** Stands for AWS::NoValue; what has it is left out. */
const NOTHING = Symbol('AWS::NoValue');

/**
 * @param document in its long form (long-form.ts)
 * @throws Error naming a value that is missing or not allowed, or a function that is not known here
 */
export function resolveTemplate(
  document: Data,
  place: Place,
  given: Readonly<Record<string, string>>,
): ResolvedTemplate {
  const parameters = parametersOf((document['Parameters'] ?? {}) as Record<string, Data>, given);
  const raw = (document['Resources'] ?? {}) as Record<string, Resource>;
  const pseudo: Data = {
    'AWS::AccountId': place.accountId,
    'AWS::NoValue': NOTHING,
    'AWS::Partition': place.partition,
    'AWS::Region': place.region,
    'AWS::StackName': place.stackName,
    'AWS::URLSuffix': urlSuffix(place),
  };

  function resourceOf(logicalId: string): Resource {
    const found = raw[logicalId];
    if (!found) throw new Error(`the template has no ${logicalId}`);
    // Names are made of parameters and pseudo parameters only, so this ends.
    const named = Object.entries(found.Properties ?? {}).filter(([name]) => /Name$|^Family$/.test(name));
    return { ...found, Properties: value(Object.fromEntries(named)) as Data };
  }

  function ref(name: string): unknown {
    if (Object.hasOwn(pseudo, name)) return pseudo[name];
    if (Object.hasOwn(parameters, name)) return parameters[name];
    return refOf(name, resourceOf(name), place);
  }

  const attribute = (name: string, of: string): string => attributeOf(name, of, resourceOf(name), place);

  function substitute(text: string, own: Data): string {
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (Object.hasOwn(own, name)) return String(value(own[name]));
      const dot = name.indexOf('.');
      return String(dot < 0 ? ref(name) : attribute(name.slice(0, dot), name.slice(dot + 1)));
    });
  }

  function condition(name: string): boolean {
    return value((document['Conditions'] as Data)[name]) === true;
  }

  const functions: Record<string, (argument: unknown) => unknown> = {
    Ref: (name) => ref(String(name)),
    Condition: (name) => condition(String(name)),
    'Fn::GetAtt': (path) => attribute((path as string[])[0], (path as string[])[1]),
    'Fn::Sub': (argument) =>
      Array.isArray(argument) ? substitute(argument[0], argument[1]) : substitute(String(argument), {}),
    'Fn::If': (argument) => {
      const [name, yes, no] = argument as [string, unknown, unknown];
      return value(condition(name) ? yes : no);
    },
    'Fn::Equals': (argument) => {
      const [a, b] = value(argument) as unknown[];
      return String(a) === String(b);
    },
    'Fn::Not': (argument) => (value(argument) as unknown[])[0] !== true,
    'Fn::And': (argument) => (value(argument) as unknown[]).every(Boolean),
    'Fn::Or': (argument) => (value(argument) as unknown[]).some(Boolean),
    'Fn::FindInMap': (argument) => {
      const [map, first, second] = value(argument) as string[];
      return (document['Mappings'] as Record<string, Record<string, Data>>)[map][first][second];
    },
    'Fn::Join': (argument) => {
      const [between, parts] = value(argument) as [string, string[]];
      return parts.join(between);
    },
    'Fn::Select': (argument) => {
      const [index, list] = value(argument) as [number, unknown[]];
      return list[index];
    },
    'Fn::Split': (argument) => {
      const [between, text] = value(argument) as [string, string];
      return text.split(between);
    },
  };

  function value(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(value).filter((item) => item !== NOTHING);
    if (node === null || typeof node !== 'object') return node;
    const entries = Object.entries(node);
    const [name, argument] = entries[0] ?? [''];
    const isFunction =
      entries.length === 1 && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'));
    // Policies have a Condition too, whose value is an object.
    if (isFunction && !(name === 'Condition' && typeof argument !== 'string')) {
      if (!functions[name]) throw new Error(`${name} is not known here`);
      return functions[name](argument);
    }
    return Object.fromEntries(
      entries.map(([key, item]) => [key, value(item)]).filter(([, v]) => v !== NOTHING),
    );
  }

  const there = Object.entries(raw).filter(([, { Condition }]) => !Condition || condition(Condition));
  const resources = there.map(([logicalId, resource]) => [
    logicalId,
    { ...resource, Properties: (value(resource.Properties) ?? {}) as Data },
  ]);
  const outputs = Object.entries((document['Outputs'] ?? {}) as Record<string, Data>)
    .filter(([, { Condition }]) => !Condition || condition(String(Condition)))
    .map(([name, output]) => [name, String(value(output['Value']))]);
  return {
    place,
    parameters,
    resources: Object.fromEntries(resources),
    outputs: Object.fromEntries(outputs),
  };
}

function parametersOf(
  declared: Record<string, Data>,
  given: Readonly<Record<string, string>>,
): Record<string, string | string[]> {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (unknown.length > 0) throw new Error(`the template has no parameter ${unknown.join(', ')}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, parameter]) => {
      const text = given[name] ?? parameter['Default'];
      if (text === undefined) throw new Error(`${name} has no value`);
      mustBeAllowed(name, String(text), parameter);
      return [name, parameter['Type'] === 'CommaDelimitedList' ? String(text).split(',') : String(text)];
    }),
  );
}

function mustBeAllowed(name: string, text: string, parameter: Data): void {
  const { AllowedPattern, AllowedValues, MinValue, MaxValue, ConstraintDescription } = parameter;
  const outside = Number(text) < Number(MinValue ?? -Infinity) || Number(text) > Number(MaxValue ?? Infinity);
  const unmatched = AllowedPattern && !new RegExp(`^(?:${AllowedPattern})$`).test(text);
  const unlisted = AllowedValues && !(AllowedValues as unknown[]).map(String).includes(text);
  if (outside || unmatched || unlisted) {
    throw new Error(
      `Parameter ${name} is not allowed: ${ConstraintDescription ?? AllowedPattern ?? 'see its values'}`,
    );
  }
}
