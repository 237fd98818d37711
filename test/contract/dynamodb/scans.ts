/** Scan: segments and pages. */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type Case, put } from './cases.ts';

export const scanCases: Case[] = [
  {
    name: 'the segments of a scan have every item once, so do its pages',
    async run(t, world) {
      const pk = world.fresh('scan');
      const sks = Array.from({ length: 60 }, (_, i) => `s${i}`);
      await put(world, ...sks.map((sk) => ({ pk: pk + sk, sk, scanned: pk })));
      const scan = async (options: Record<string, unknown>) => {
        const found: string[] = [];
        let ExclusiveStartKey: Record<string, unknown> | undefined;
        do {
          const page = await world.documents.send(
            new ScanCommand({
              TableName: world.table,
              FilterExpression: 'scanned = :pk',
              ExpressionAttributeValues: { ':pk': pk },
              ExclusiveStartKey,
              ...options,
            }),
          );
          found.push(...(page.Items ?? []).map(({ sk }) => sk));
          ExclusiveStartKey = page.LastEvaluatedKey;
        } while (ExclusiveStartKey);
        return found;
      };
      const segments = await Promise.all([0, 1, 2, 3].map((Segment) => scan({ Segment, TotalSegments: 4 })));
      t.same(segments.flat().sort(), sks.toSorted());
      t.ok(segments.every((found) => found.length > 0));
      t.same((await scan({ Limit: 17 })).sort(), sks.toSorted());
    },
  },
];
