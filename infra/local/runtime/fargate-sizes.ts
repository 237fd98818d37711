/** The sizes that Fargate offers: for each CPU value a range of memory in steps (Amazon ECS developer guide, "Task CPU and memory"). */

const GIB = 1024;

const SIZES: Readonly<Record<number, { from: number; to: number; step: number; also?: number }>> = {
  256: { from: GIB, to: 2 * GIB, step: GIB, also: GIB / 2 },
  512: { from: GIB, to: 4 * GIB, step: GIB },
  1024: { from: 2 * GIB, to: 8 * GIB, step: GIB },
  2048: { from: 4 * GIB, to: 16 * GIB, step: GIB },
  4096: { from: 8 * GIB, to: 30 * GIB, step: GIB },
  8192: { from: 16 * GIB, to: 60 * GIB, step: 4 * GIB },
  16384: { from: 32 * GIB, to: 120 * GIB, step: 8 * GIB },
};

/** Whether a task may have `cpu` units and `memoryMb` MiB. */
export function isFargateSize(cpu: number, memoryMb: number): boolean {
  const range = SIZES[cpu];
  if (!range) return false;
  const { from, to, step, also } = range;
  return memoryMb === also || (memoryMb >= from && memoryMb <= to && (memoryMb - from) % step === 0);
}
