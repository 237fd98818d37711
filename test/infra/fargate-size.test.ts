/** FargateSize (R119): one choice of the form becomes the task definition and what every job asks ECS for. */
import t from 'tap';
import { readWorkerEnvironment } from '../../compute/environment.ts';
import { mode2, templateOf } from './helpers/templates.ts';

/** GB of memory that AWS Fargate has for a number of vCPUs. */
const PAIRS: Record<number, [from: number, to: number, step: number]> = {
  1: [2, 8, 1],
  2: [4, 16, 1],
  4: [8, 30, 1],
  8: [16, 60, 4],
  16: [32, 120, 8],
};
const { FargateSize } = templateOf('mode2-deployment/template-mode2.yaml')['Parameters'] as {
  FargateSize: { AllowedValues: string[] };
};

t.test('R119: every size of the form is one that Fargate has, and reaches definition and jobs', async (t) => {
  for (const size of FargateSize.AllowedValues) {
    const { resources } = mode2({}, { FargateSize: size });
    const { Cpu, Memory } = resources['RunJobTaskDefinition'].Properties as { Cpu: string; Memory: string };
    const variables = resources['PlatformSelectorFunction'].Properties['Environment'] as {
      Variables: Record<string, string>;
    };
    const { fargateSize } = readWorkerEnvironment(variables.Variables);
    const [vcpu, gb] = [Number(Cpu) / 1024, Number(Memory) / 1024];
    const [from, to, step] = PAIRS[vcpu];
    t.ok(gb >= from && gb <= to && (gb - from) % step === 0, `${size}: ${vcpu} vCPU with ${gb} GB`);
    if (size === 'auto') t.equal(fargateSize, undefined, 'jobs choose');
    else {
      t.same(fargateSize, { vcpu, memoryMb: Number(Memory) }, size);
      t.equal(size, `${vcpu}-${gb}`);
    }
  }
  t.same(
    [...new Set(FargateSize.AllowedValues.map((size) => size.split('-')[0]))],
    ['auto', '1', '2', '4', '8', '16'],
    '1 to 16 vCPUs',
  );
  t.ok(FargateSize.AllowedValues.includes('16-120'), 'up to 120 GB');
});
