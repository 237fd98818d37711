/** From the outputs of a stack to the place of a computing unit. */

export const FIELDS = [
  ['awsAccountId', 'AWS account'],
  ['region', 'Region'],
  ['stateMachineArn', 'State machine (ARN)'],
  ['dataBucket', 'Data bucket'],
  ['resultsBucket', 'Results bucket'],
  ['failedBucket', 'Bucket of failed jobs'],
] as const;
export type Place = Record<(typeof FIELDS)[number][0], string>;

export const EMPTY_PLACE: Place = {
  awsAccountId: '',
  region: 'us-east-1',
  stateMachineArn: '',
  dataBucket: '',
  resultsBucket: '',
  failedBucket: '',
};

const NAMES: readonly (readonly [keyof Place, RegExp])[] = [
  ['stateMachineArn', /state.?machine/i],
  ['dataBucket', /data.?bucket/i],
  ['resultsBucket', /results?.?bucket/i],
  ['failedBucket', /failed.?bucket/i],
];

/** What the text names: `{Stacks:[{Outputs:[…]}]}`, a list of outputs, or names and values. Nothing if it is no JSON. */
export function placeOfOutputs(text: string): Partial<Place> {
  const found: Partial<Place> = {};
  for (const [name, value] of pairsOf(text)) {
    const field = NAMES.find(([, pattern]) => pattern.test(name))?.[0];
    if (field) found[field] = value;
  }
  const [, , , region, awsAccountId] = (found.stateMachineArn ?? '').split(':');
  return { ...found, ...(region && awsAccountId ? { region, awsAccountId } : {}) };
}

function pairsOf(text: string): [name: string, value: string][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const pairs: [string, string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { OutputKey: key, OutputValue: output } = value as Record<string, unknown>;
    if (typeof key === 'string' && typeof output === 'string') pairs.push([key, output]);
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === 'string') pairs.push([name, inner]);
      else walk(inner);
    }
  };
  walk(parsed);
  return pairs;
}
