/** The values of the template's parameters: from options, the network, the challenge, or the stack as it is. */
import { failure } from './failure.ts';
import { OPTIONS, type OptionName } from './options.ts';
import type { Request } from './request.ts';
import type { Stack } from './stack.ts';
import type { Template } from './template-file.ts';

export interface StackParameter {
  readonly ParameterKey: string;
  readonly ParameterValue?: string;
  readonly UsePreviousValue?: boolean;
}

/** What flags and variables say of the template's parameters, by the parameter's name. */
export function givenParameters({ values, given }: Request, template: Template): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, { parameter?: string }][]) {
    const value = values[name];
    if (option.parameter && given.has(name) && typeof value === 'string') found.set(option.parameter, value);
  }
  for (const pair of values.parameter) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at));
    const known = template.parameters[name];
    if (!known) throw failure('wrong_arguments', `--parameter ${pair}: the template has no such parameter`);
    if (known.noEcho) throw failure('wrong_arguments', `--parameter ${name}: secrets are never arguments`);
    found.set(name, pair.slice(at + 1));
  }
  for (const [name, value] of found) mustBeAllowed(template, name, value);
  return found;
}

function mustBeAllowed(template: Template, name: string, value: string): void {
  const { allowed, pattern, constraint } = template.parameters[name] ?? {};
  if (allowed && !allowed.includes(value)) {
    throw failure('wrong_arguments', `${name} must be one of ${allowed.join(', ')}, not "${value}"`);
  }
  if (pattern && !new RegExp(`^(?:${pattern})$`).test(value)) {
    throw failure(
      'wrong_arguments',
      `${name} cannot be "${value}": ${constraint ?? `must match ${pattern}`}`,
    );
  }
}

/**
 * One entry for every parameter of the template that has no default of its own to fall back on.
 * @param fixed what this deployment has found out; goes before everything else
 * @throws DeployFailure value_missing naming all that is missing
 */
export function stackParameters(
  template: Template,
  given: ReadonlyMap<string, string>,
  fixed: Readonly<Record<string, string | undefined>>,
  existing: Stack | undefined,
): StackParameter[] {
  const parameters: StackParameter[] = [];
  const missing: string[] = [];
  for (const [name, { default: preset }] of Object.entries(template.parameters)) {
    const value = fixed[name] ?? given.get(name);
    if (value !== undefined) parameters.push({ ParameterKey: name, ParameterValue: value });
    else if (existing && Object.hasOwn(existing.parameters, name)) {
      parameters.push({ ParameterKey: name, UsePreviousValue: true });
    } else if (preset === undefined) missing.push(name);
  }
  if (missing.length > 0) throw failure('value_missing', missing.join(', '));
  return parameters;
}
