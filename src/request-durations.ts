/**
 * How long requests took, as a histogram of Prometheus (text format 0.0.4). Its own, because every request pays for
 * it: prom-client's finds its series and its bucket by text each time, which costs more than to check a token.
 */

/** Upper bounds in seconds. Reads take milliseconds, a sign-in or a check of an account takes seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NAME = 'cloudmr_http_request_duration_seconds';

export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of the route; `none` if there is no such route. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  /** Of a refusal. */
  readonly code?: string;
}

interface Series {
  readonly labels: string;
  /** By bucket, the one without bound last. */
  readonly counts: Float64Array;
  seconds: number;
}

/** Creates the histogram, empty. */
export function createRequestDurations() {
  const series = new Map<string, Series>();

  function seriesOf({ method, route, status }: AnsweredRequest): Series {
    const key = `${method} ${status} ${route}`;
    const known = series.get(key);
    if (known) return known;
    const labels = `method="${method}",route="${escaped(route)}",status="${status}"`;
    const begun = { labels, counts: new Float64Array(BUCKETS.length + 1), seconds: 0 };
    series.set(key, begun);
    return begun;
  }

  return {
    count(request: AnsweredRequest): void {
      const of = seriesOf(request);
      let bucket = 0;
      while (request.seconds > BUCKETS[bucket]) bucket++;
      of.counts[bucket]++;
      of.seconds += request.seconds;
    },

    /** The histogram with its help, ending with a line feed. */
    text(): string {
      const help = 'Requests by route and status, and how long they took';
      const lines = [`# HELP ${NAME} ${help}`, `# TYPE ${NAME} histogram`];
      for (const { labels, counts, seconds } of series.values()) {
        let below = 0;
        for (const [bucket, count] of counts.entries()) {
          below += count;
          lines.push(`${NAME}_bucket{le="${BUCKETS[bucket] ?? '+Inf'}",${labels}} ${below}`);
        }
        lines.push(`${NAME}_sum{${labels}} ${seconds}`, `${NAME}_count{${labels}} ${below}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
