/**
 * How the services of AWS answer, seen from the calls that the broker makes anyway: asking costs nothing. One good
 * answer ends a trouble; two bad ones in a row begin it, because each of them is three tries of the SDK already.
 *
 * A refusal by somebody's account is an answer: their roles and buckets are their own. The table and the credentials
 * are the broker's: where it may not use them, or they are gone, nothing works, as if nobody answered.
 */
import type { Clock } from '../../services/ports.ts';
import type { Dependency, DependencyName, DependencyState } from '../schemas/dependencies.ts';
import type { ObservedCall } from './call-counts.ts';
import { isExpired } from './cloud-errors.ts';
import { storeTroubleOf } from './table/dynamo-errors.ts';

const NAMES: Readonly<Record<string, DependencyName>> = {
  DynamoDB: 'store',
  STS: 'sts',
  SFN: 'step_functions',
  S3: 's3',
};
/** Of whole calls. The store answers within milliseconds. */
const SLOW_MS: Readonly<Record<DependencyName, number>> = {
  store: 1_000,
  sts: 5_000,
  step_functions: 5_000,
  s3: 5_000,
};
const TROUBLE_AFTER = 2;
/** What nobody has asked for so long is unknown. */
const FORGET_MS = 10 * 60_000;
/** Regions remembered; units name them, so their number is bounded here. */
const MAX_PLACES = 100;
const THROTTLED = /Throttl|SlowDown|TooManyRequests|RequestLimitExceeded/;
const WORST: readonly DependencyState[] = ['down', 'throttled', 'slow', 'ok'];

type Trouble = Exclude<DependencyState, 'ok' | 'unknown'>;
interface Place {
  readonly name: DependencyName;
  readonly region: string;
  at: number;
  answeredAt: number | undefined;
  bad: number;
  kind: Trouble;
  since: number;
}

export interface DependencyHealth {
  /** Told of every call, when it has ended. */
  observed(call: ObservedCall): void;
  /** All of them, in the same order. */
  list(): Dependency[];
  /** When the store last did what it was asked, epoch ms; undefined: not yet. Being throttled is no answer. */
  storeAnsweredAt(): number | undefined;
}

/** Creates the view of one broker process. */
export function createDependencyHealth({ clock }: { clock: Clock }): DependencyHealth {
  const places = new Map<string, Place>();

  function placeOf(name: DependencyName, region: string, now: number): Place {
    const key = `${name} ${region}`;
    const known = places.get(key);
    // Put at the end again: the first is the one that was asked longest ago.
    places.delete(key);
    const place = known ?? { name, region, at: now, answeredAt: undefined, bad: 0, kind: 'down', since: now };
    places.set(key, place);
    const [oldest] = places.keys();
    if (places.size > MAX_PLACES) places.delete(oldest);
    return place;
  }

  const stateOf = ({ bad, kind }: Place): DependencyState => (bad >= TROUBLE_AFTER ? kind : 'ok');

  function of(name: DependencyName): Dependency {
    const now = clock();
    const asked = [...places.values()].filter(
      (place) => place.name === name && (now - place.at < FORGET_MS || stateOf(place) !== 'ok'),
    );
    if (asked.length === 0) return { name, state: 'unknown', since: undefined, regions: [] };
    const troubled = asked.filter((place) => stateOf(place) !== 'ok');
    const regions = troubled.map((place) => ({
      region: place.region,
      state: stateOf(place),
      since: place.since,
    }));
    // While it answers somewhere, it is there; the regions say where it is not.
    const state =
      troubled.length < asked.length
        ? 'ok'
        : (WORST.find((each) => regions.some((region) => region.state === each)) ?? 'ok');
    const since = state === 'ok' ? undefined : Math.min(...regions.map((region) => region.since));
    return { name, state, since, regions };
  }

  return {
    observed({ service, region, ms, error }) {
      const name = Object.hasOwn(NAMES, service) ? NAMES[service] : undefined;
      if (name === undefined) return;
      const now = clock();
      const place = placeOf(name, region, now);
      const trouble = troubleOf(name, error) ?? (ms > SLOW_MS[name] ? 'slow' : undefined);
      place.at = now;
      if (trouble === undefined || trouble === 'slow') place.answeredAt = now;
      if (trouble === undefined) {
        place.bad = 0;
        return;
      }
      if (place.bad === 0) place.since = now;
      place.bad++;
      place.kind = trouble;
    },
    list: () => (['store', 'sts', 'step_functions', 's3'] as const).map(of),
    storeAnsweredAt: () => [...places.values()].find(({ name }) => name === 'store')?.answeredAt,
  };
}

/** What a call says of its service; undefined: it answered, if only with a refusal. */
function troubleOf(name: DependencyName, error: unknown): Exclude<Trouble, 'slow'> | undefined {
  if (!(error instanceof Error)) return undefined;
  if (name === 'store') return storeTroubleOf(error);
  if (THROTTLED.test(error.name)) return 'throttled';
  // The broker asks STS as itself only.
  if (name === 'sts' && isExpired(error)) return 'down';
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status >= 300 && status < 500 ? undefined : 'down';
}
