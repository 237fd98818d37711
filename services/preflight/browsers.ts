/**
 * Whether pages may send files straight into the buckets of a unit, and read there: asked exactly as a browser
 * asks before it does so (CORS preflight), of the web interface and of the broker's own console.
 */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type Ids, type UnitCloud } from '../ports.ts';
import type { PageAnswer, UnitProbe } from '../units/ports.ts';
import { type CheckCode, failed, passed, skipped, warning } from './catalogue.ts';
import { PREFLIGHT_OWNER } from './owner.ts';
import { isAway } from './trust.ts';

export interface BrowserChecksDeps {
  probe: Pick<UnitProbe, 'askAsPage'>;
  cloud: Pick<UnitCloud, 'presignGet' | 'presignPut'>;
  clock: Clock;
  ids: Ids;
  /** Addresses of web interfaces, as configured. */
  origins: readonly string[];
  /** Of the pages that the broker itself serves; asked late, because a free port is known after listening. */
  consoleOrigin: () => string;
}

const LINK_SECONDS = 60;
/** What the web interface and the console send with the parts of a file. */
const UPLOAD_HEADERS = ['content-md5', 'content-type'];
/** An upload of several parts is completed by the ETag of each, so the page must be shown it. */
const UPLOAD_ANSWER = 'etag';

/** Creates the checks. @throws (the checks) CloudError if AWS does not answer. */
export function createBrowserChecks({ probe, cloud, clock, ids, origins, consoleOrigin }: BrowserChecksDeps) {
  const probeIn = (unit: Unit, bucket: string) => ({
    bucket,
    key: `${unit.appId}/${PREFLIGHT_OWNER}/cors-${unit.unitId}-${ids.next()}`,
  });

  /** What a browser would refuse to a page that sends a file; empty if nothing. */
  async function uploadGaps(unit: Unit, page: string): Promise<{ refused: string[]; hidden: string[] }> {
    const bucket = unit.dataBucket;
    const { url } = await cloud.presignPut(unit, probeIn(unit, bucket), LINK_SECONDS);
    const answer = await probe.askAsPage(url, page, 'PUT', UPLOAD_HEADERS);
    const why = refusal(answer, page, 'PUT', UPLOAD_HEADERS);
    if (why) return { refused: [`${bucket} does not let ${page} send files (${why})`], hidden: [] };
    const shown = includes(answer.exposedHeaders, UPLOAD_ANSWER);
    const hidden = `${bucket} does not show ${page} the ETag, without which no large file is completed`;
    return { refused: [], hidden: shown ? [] : [hidden] };
  }

  async function readGaps(unit: Unit, page: string): Promise<string[]> {
    const gaps: string[] = [];
    for (const bucket of new Set([unit.dataBucket, unit.resultsBucket, unit.failedBucket])) {
      const { url } = await cloud.presignGet(unit, probeIn(unit, bucket), 'probe.txt', LINK_SECONDS);
      const why = refusal(await probe.askAsPage(url, page, 'GET', []), page, 'GET', []);
      if (why) gaps.push(`${bucket} does not let ${page} read (${why})`);
    }
    return gaps;
  }

  async function checkWebInterface(unit: Unit): Promise<UnitCheck> {
    const at = clock();
    if (origins.length === 0) {
      return skipped('presigned_put', 'no address of a web interface is configured', at);
    }
    const gaps = await Promise.all(origins.map((origin) => uploadGaps(unit, origin)));
    const refused = gaps.flatMap((each) => each.refused);
    const hidden = gaps.flatMap((each) => each.hidden);
    if (refused.length > 0) return failed('presigned_put', refused.join('; '), at);
    if (hidden.length > 0) return warning('presigned_put', hidden.join('; '), at);
    return passed(
      'presigned_put',
      `pages of ${origins.join(', ')} may send files, and are shown their ETag`,
      at,
    );
  }

  /** Jobs of the web interface and of programs run without the console: a warning at most. */
  async function checkConsole(unit: Unit): Promise<UnitCheck> {
    const at = clock();
    const page = consoleOrigin();
    const { refused, hidden } = await uploadGaps(unit, page);
    const gaps = [...refused, ...hidden, ...(await readGaps(unit, page))];
    return gaps.length > 0
      ? warning('console_cors', gaps.join('; '), at)
      : passed('console_cors', `the console at ${page} may send files and read`, at);
  }

  /** The buckets themselves are judged by their own checks. */
  async function unlessClosed(code: CheckCode, check: Promise<UnitCheck>): Promise<UnitCheck> {
    try {
      return await check;
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      return skipped(code, `not asked: ${error.operation}: ${error.awsCode}`, clock());
    }
  }

  return async function checkBrowsers(unit: Unit): Promise<UnitCheck[]> {
    return Promise.all([
      unlessClosed('presigned_put', checkWebInterface(unit)),
      unlessClosed('console_cors', checkConsole(unit)),
    ]);
  };
}

/** Why a browser would not let the page go on; undefined if it would. */
function refusal(
  { status, allowOrigin, allowMethods, allowHeaders }: PageAnswer,
  page: string,
  method: string,
  headers: readonly string[],
): string | undefined {
  if (status < 200 || status > 299) return `HTTP ${status} to the preflight of ${method}`;
  if (allowOrigin !== '*' && allowOrigin !== page) return 'its CORS rules do not name that address';
  if (!includes(allowMethods, method)) return `its CORS rules do not allow ${method}`;
  const header = headers.find((name) => !includes(allowHeaders, name));
  return header && `its CORS rules do not allow the header ${header}`;
}

/** Whether a list as it stands in a header has the name, or `*`. */
function includes(list: string, name: string): boolean {
  const names = list.split(',').map((item) => item.trim().toLowerCase());
  return names.includes(name.toLowerCase()) || names.includes('*');
}
