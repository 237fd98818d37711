/** The body with which the person of a bench submits a job. */
import type { Place } from './place.ts';

export function submissionOf({ unit, userId }: Place, alias: string): object {
  const file = { type: 's3', bucket: unit.dataBucket, key: `${unit.appId}/${userId}/uploads/signal.h5` };
  const reconstructor = { name: 'rss', options: { signal: { type: 'file', options: file } } };
  return {
    cloudapp_name: 'MR Optimum',
    alias,
    computing_unit_id: unit.unitId,
    task: { version: 'v0', acquisition: 2, name: 'ac', options: { reconstructor } },
  };
}
