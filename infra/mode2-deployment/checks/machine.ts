/** The machine that deploys: its AWS CLI, its clock, its token. */
import { run } from '../aws-cli.ts';
import { createBroker } from '../broker.ts';
import type { Session } from '../session.ts';
import { hasToken, lifeOf, NEEDED_MS, type SignedIn, signIn } from '../token.ts';
import { bad, type Finding, guarded, passed, skipped } from './finding.ts';

/** The first that know everything that is asked of them here. */
const OLDEST: Readonly<Record<string, number>> = { 1: 29, 2: 13 };
const WARNING_SKEW_MS = 60_000;
const REFUSED_SKEW_MS = 5 * 60_000;

/** The version of `aws`. */
export function checkCli({ environment }: Session): Promise<Finding[]> {
  return guarded('aws cli', async () => {
    const text = await run(['--version'], environment.forAws);
    const [, major = '', minor = ''] = /aws-cli\/(\d+)\.(\d+)/.exec(text) ?? [];
    const version = text.trim().split(' ')[0];
    if (Number(minor) >= (OLDEST[major] ?? 0)) return [passed('aws cli', version)];
    return [bad('failed', 'aws cli', 'aws_cli_old', version)];
  });
}

/** Whose token it is and how long it lasts, and what the broker's clock says of ours. */
export function checkToken(session: Session, signedIn?: SignedIn): Promise<Finding[]> {
  const { clock, apiUrl } = session;
  return guarded('token', async () => {
    if (!signedIn && !hasToken(session))
      return [skipped('token', 'none given: CLOUDMR_TOKEN or --token-file'), ...(await checkReach(session))];
    const { owner } =
      signedIn ?? (await signIn({ ...session, dialogue: { ...session.dialogue, say: () => undefined } }));
    const now = clock();
    const ends = owner.expiresAt !== undefined && owner.expiresAt - now < NEEDED_MS;
    const evidence = `${owner.email} at ${apiUrl}; ${lifeOf(owner, now)}`;
    const life = ends ? bad('warning', 'token', 'token_ends_soon', evidence) : passed('token', evidence);
    return [life, ...checkClock(owner.date, now)];
  });
}

/** Without a token the broker must answer all the same. */
async function checkReach({ apiUrl, clock }: Session): Promise<Finding[]> {
  return guarded('broker', async () => {
    const date = await createBroker(apiUrl, 'none').date();
    return [passed('broker', `${apiUrl} answers`), ...checkClock(date, clock())];
  });
}

function checkClock(date: number | undefined, now: number): Finding[] {
  if (date === undefined) return [skipped('clock', 'the broker did not say its time')];
  const skew = Math.abs(now - date);
  const evidence = `${Math.round(skew / 1_000)} s from the broker's`;
  if (skew > REFUSED_SKEW_MS) return [bad('failed', 'clock', 'clock_wrong', evidence)];
  return [
    skew > WARNING_SKEW_MS ? bad('warning', 'clock', 'clock_wrong', evidence) : passed('clock', evidence),
  ];
}
