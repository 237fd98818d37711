/** The bodies that the web GUI was seen to post, about files and a unit that exist. */
import { readFileSync } from 'node:fs';

export const CAPTURED = JSON.parse(
  readFileSync(new URL('../fixtures/webgui-jobs.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, unknown>>;

/** A data record as the GUI lists it, under the name that the captured body gives to such a file. */
export type Listed = Record<string, { id: string; filename: string; location: string }>;

/** `body` with the unit and the files of this person, put in as the GUI does: id, bucket and key of the record. */
export function ownBody(
  body: Record<string, unknown>,
  files: Listed,
  unit: { computingUnitId: string; mode: string },
): Record<string, unknown> {
  return JSON.parse(JSON.stringify(body), (field, value) => {
    if (field === 'computing_unit_id') return unit.computingUnitId;
    if (field === 'mode' && typeof value === 'string') return unit.mode;
    if (value?.type !== 'file') return value;
    const record = files[value.options.filename];
    if (!record) throw new Error(`the test has no ${value.options.filename}`);
    const { Bucket, Key } = JSON.parse(record.location);
    return { ...value, id: record.id, options: { ...value.options, bucket: Bucket, key: Key } };
  });
}
