/** One answer of the doctor. */
import { DeployFailure, failure, type ProblemCode } from '../failure.ts';
import type { Dialogue } from '../io.ts';

export interface Finding {
  readonly check: string;
  readonly status: 'passed' | 'warning' | 'failed' | 'skipped';
  /** What was seen. */
  readonly evidence: string;
  readonly code?: ProblemCode;
  readonly remedy?: string;
}

export const passed = (check: string, evidence: string): Finding => ({ check, status: 'passed', evidence });
export const skipped = (check: string, evidence: string): Finding => ({ check, status: 'skipped', evidence });

export function bad(
  status: 'warning' | 'failed',
  check: string,
  code: ProblemCode,
  detail?: string,
  remedy?: string,
): Finding {
  const { message, remedy: found } = failure(code, detail, remedy);
  return { check, status, evidence: message, code, remedy: found };
}

/** AWS does not let us look: that says nothing of what would be seen. */
const BLIND: readonly ProblemCode[] = ['permission_missing', 'aws_refused'];

/** A check that ends by a failure has found it; one that could not look is a warning, not a verdict. */
export async function guarded(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof DeployFailure)) throw error;
    const { code, message, remedy } = error;
    const status = BLIND.includes(code) ? 'warning' : 'failed';
    return [{ check, status, evidence: message, code, remedy }];
  }
}

const MARKS = { passed: '\u2713', warning: '!', failed: '\u2717', skipped: '-' } as const;

/** All findings, the remedy under each that is not in order. */
export function showFindings(say: Dialogue['say'], findings: readonly Finding[]): void {
  for (const { check, status, evidence, code, remedy } of findings) {
    say(`  ${MARKS[status]} ${check.padEnd(12)} ${evidence}${code ? ` [${code}]` : ''}`);
    if (remedy) say(`      ${remedy}`);
  }
}
