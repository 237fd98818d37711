/** Computing units: how one is registered and its ownership proven. */
import { z } from 'zod';
import type { Registered } from '../services/units/register.ts';
import type { Units } from '../services/units/units.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';
import { challengeAnswer, challengeBody } from '../src/schemas/http/proof.ts';
import {
  enrolUnitBody,
  externalIdAnswer,
  registerUnitAnswer,
  registerUnitBody,
  removedAnswer,
  toUnitView,
  unitView,
  updateUnitBody,
  withdrawUnitBody,
} from '../src/schemas/http/units.ts';

export interface UnitRegistrationDeps {
  units: Pick<Units, 'issueExternalId' | 'challenge' | 'register' | 'enrol' | 'withdraw' | 'update'>;
  /** Registrations per minute and address. */
  signInsPerMinute: number;
}

const tags = ['Computing units'];
const REFUSALS = [
  'too_many',
  'not_allowed',
  'already_exists',
  'conflict',
  'challenge_used',
  'ownership_refused',
  'clock_skew',
  'trust_unsafe',
  'unavailable',
] as const;

function registered({ unit, action }: Registered): z.infer<typeof registerUnitAnswer> {
  return {
    success: true,
    computingUnitId: unit.unitId,
    computingUnitID: unit.unitId,
    data: { computingUnitId: unit.unitId },
    action,
    alias: unit.alias,
    status: unit.status,
    missing: unit.missing,
    computingUnit: toUnitView(unit, unit.ownerId),
  };
}

/** Routes under /api/computing-unit. */
export function unitRegistrationRoutes({ units, signInsPerMinute }: UnitRegistrationDeps) {
  return async (app: Api): Promise<void> => {
    // Each attempt may make the broker ask AWS for a role: nobody shall try many.
    const strict = { max: signInsPerMinute };

    app.post(
      '/computing-unit/external-id',
      {
        config: { access: 'user', errors: ['limit_reached'] },
        schema: {
          tags,
          operationId: 'issueExternalId',
          summary: 'An external ID for the trust policy of a Mode 2 stack',
          description: 'Ask before the stack is deployed; the registration then names the same ID.',
          response: { 201: answer('The ID and the only principal to trust', externalIdAnswer) },
        },
      },
      async (request, reply) => {
        const issued = await units.issueExternalId(principalOf(request));
        return reply.status(201).send({ ...issued, expiresAt: iso(issued.expiresAt) });
      },
    );

    app.post(
      '/computing-unit/challenges',
      {
        config: { access: 'user', errors: ['not_found', 'limit_reached'] },
        schema: {
          tags,
          operationId: 'challengeOwner',
          summary: 'What to sign to show that an AWS account is yours',
          description:
            'Good once and for 10 minutes. Sign the request with credentials of the account and do not send ' +
            'it: its headers are the proof of a registration, and the broker sends it to STS itself. It shows ' +
            'that some principal of the account has signed.',
          body: challengeBody,
          response: { 201: answer('The challenge', challengeAnswer) },
        },
      },
      async (request, reply) => {
        const made = await units.challenge(principalOf(request), request.body.unitId);
        return reply
          .status(201)
          .send({ ...made, request: { ...made.request }, expiresAt: iso(made.expiresAt) });
      },
    );

    app.post(
      '/computing-unit/register',
      {
        config: { access: 'user', rateLimit: strict, errors: REFUSALS },
        schema: {
          tags,
          operationId: 'registerUnit',
          summary: 'Register a unit, or bring its registration up to date',
          description:
            'The same app, account, region and state machine are the same unit. A unit that cannot be used ' +
            'yet is stored as `pending` with what is missing: without a proof of ownership nothing is asked of ' +
            'the account, and nothing is said of what others have registered: that a role belongs to somebody ' +
            'else is told to those who have proven its account. An external ID that was issued to somebody else ' +
            'is refused. A role that lets the broker in without its external ID is refused. Mode 1 is for ' +
            'administrators.',
          body: registerUnitBody,
          response: {
            200: answer('Brought up to date', registerUnitAnswer),
            201: answer('Registered', registerUnitAnswer),
          },
        },
      },
      async (request, reply) => {
        const { registration, signed } = request.body;
        const done = await units.register(principalOf(request), registration, signed);
        return reply.status(done.action === 'created' ? 201 : 200).send(registered(done));
      },
    );

    app.post(
      '/computing-unit/enrol',
      {
        config: {
          access: 'public',
          rateLimit: strict,
          errors: REFUSALS,
        },
        schema: {
          tags,
          operationId: 'enrolUnit',
          summary: 'Register a unit by the enrolment code of a challenge',
          description:
            'For the stack that is being deployed: no token of a person has to be put into it. What is signed ' +
            'is `x-cloudmr-challenge: AUDIENCE;NONCE`, where the nonce is the SHA-256 of the code in hex.',
          body: enrolUnitBody,
          response: {
            200: answer('Brought up to date', registerUnitAnswer),
            201: answer('Registered', registerUnitAnswer),
          },
        },
      },
      async (request, reply) => {
        const { enrolmentCode, registration, signed } = request.body;
        const done = await units.enrol(enrolmentCode, registration, signed);
        return reply.status(done.action === 'created' ? 201 : 200).send(registered(done));
      },
    );

    app.post(
      '/computing-unit/withdraw',
      {
        config: { access: 'public', rateLimit: strict },
        schema: {
          tags,
          operationId: 'withdrawUnit',
          summary: 'Remove the unit that an enrolment code has brought in',
          description:
            'For the stack that is being deleted. A code that has brought nothing in, or was used for this ' +
            'before, changes nothing. Account, data and results stay as they are.',
          body: withdrawUnitBody,
          response: { 200: answer('Removed, now or before', removedAnswer) },
        },
      },
      async (request) => {
        const { enrolmentCode, stateMachineArn } = request.body;
        const unit = await units.withdraw(enrolmentCode, stateMachineArn);
        return { success: true, removed: unit !== undefined } as const;
      },
    );

    app.patch(
      '/computing-unit/:computingUnitId',
      {
        config: { access: 'user', rateLimit: strict, errors: ['not_found', ...REFUSALS] },
        schema: {
          tags,
          operationId: 'updateUnit',
          summary: 'Change a unit',
          description:
            'A change of role, state machine or buckets ends the proof of ownership: the unit is `pending` ' +
            'until the same request, or a later one, carries a new proof.',
          params: z.object({ computingUnitId: pathId }),
          body: updateUnitBody,
          response: { 200: answer('The unit as it is now', unitView) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        const { change, signed } = request.body;
        const unit = await units.update(who, request.params.computingUnitId, change, signed);
        return toUnitView(unit, who.userId);
      },
    );
  };
}
