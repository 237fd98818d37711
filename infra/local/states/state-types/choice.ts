import { ruleHolds } from '../choice-rules.ts';
import type { ChoiceState } from '../definition.ts';
import { StateError } from '../errors.ts';
import type { StateRunner } from '../scope.ts';

/** Choice: the first rule that holds names the next state. Throws States.NoChoiceMatched. */
export const runChoice: StateRunner<ChoiceState> = async ({ state, effective, context }) => {
  const next = state.Choices.find((rule) => ruleHolds(rule, effective, context))?.Next ?? state.Default;
  if (next !== undefined) return { next };
  throw new StateError(
    'States.NoChoiceMatched',
    'Failed to transition out of the state. The state does not point to a next state.',
  );
};
