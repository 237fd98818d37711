/** The formulas of prices against worked examples. */
import t from 'tap';
import { billOf, computeUsd, totalOf } from '../../services/limits/prices.ts';
import { PRICES } from '../../src/schemas/prices.ts';

t.test('computing costs what the list prices say', async (t) => {
  const cost = (platform: 'lambda' | 'fargate', vcpu: number, memoryMb: number, seconds: number): number =>
    computeUsd({ ...PRICES, publicIpHour: 0 }, { platform, vcpu, memoryMb, seconds });
  const near = (found: number, wanted: number, what: string): void => {
    t.ok(Math.abs(found / wanted - 1) < 0.005, `${what}: ${found}`);
  };
  near(cost('fargate', 4, 16 * 1024, 600), 0.0388, '4 vCPU and 16 GB for 10 minutes');
  near(cost('fargate', 16, 120 * 1024, 3_600), 1.181, '16 vCPU and 120 GB for an hour');
  near(cost('lambda', 2, 3_008, 900), 0.0441, '3008 MB for 15 minutes');
  near(cost('lambda', 6, 10_240, 900), 0.15, '10 GB for 15 minutes');
  t.equal(cost('fargate', 1, 2_048, 5), cost('fargate', 1, 2_048, 60), 'a minute at least');
});

t.test('the download of a large result is the largest line', async (t) => {
  const lines = billOf(PRICES, {
    platform: 'fargate',
    vcpu: 4,
    memoryMb: 16_384,
    seconds: 600,
    storedBytes: 2e9,
    resultBytes: 1e9,
  });
  t.equal(lines.toSorted((a, b) => b.usd - a.usd)[0].what, 'One download of the result');
  t.ok(Math.abs(totalOf(lines) - (0.0388 + 0.0008 + 0.09 + 0.046)) < 0.001, `${totalOf(lines)}`);
});
