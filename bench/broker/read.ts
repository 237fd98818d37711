/**
 * An authenticated read of a job against a bare Fastify route that answers the same bytes, over HTTP, in the same
 * run: requests per CPU second of the server, which is a process of its own. The store answers from memory.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { median, moreIsBetter, type Row } from './row.ts';

const READ = '/api/job/bench';
const BARE = '/bare';
const CONNECTIONS = 32;
/** Many short ones in turn, so that whatever else the machine does meets both. */
const ROUNDS = 40;
/** Of each, before anything is measured: a broker runs for weeks, and its code is compiled by then. */
const WARM_UP = 20_000;

interface Server {
  readonly port: number;
  readonly authorization: string;
}

/** Row of bar B7, reads. */
export async function readRows(requests = 1_000): Promise<Row[]> {
  const child = fork(fileURLToPath(new URL('./read-server.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const [server] = (await once(child, 'message')) as [Server];
    const measure = async (path: string): Promise<number> => {
      const before = await cpuSeconds(child);
      await load(agent, server, path, requests);
      return requests / ((await cpuSeconds(child)) - before);
    };
    for (const path of [READ, BARE]) await load(agent, server, path, WARM_UP);
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await measure(READ));
      bare.push(await measure(BARE));
    }
    return [
      moreIsBetter({
        name: 'authenticated job read, bare Fastify route',
        ours: median(ours),
        other: median(bare),
        floor: 0.5,
        unit: 'per s and core',
        note: `the same bytes, without the store; median of ${ROUNDS} rounds each`,
      }),
    ];
  } finally {
    agent.destroy();
    child.kill();
  }
}

async function cpuSeconds(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }];
  return cpu;
}

async function load(
  agent: Agent,
  { port, authorization }: Server,
  path: string,
  requests: number,
): Promise<void> {
  let left = requests;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const request = get({ port, path, agent, headers: { authorization } }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
          response.on('end', resolve).resume();
        });
        request.on('error', reject);
      });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}
