/** Runs the code that a template brings inside itself, as Lambda runs it: another process, an event, an answer by PUT. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Answer {
  Status: 'SUCCESS' | 'FAILED';
  Reason?: string;
  RequestId: string;
  PhysicalResourceId: string;
  Data?: Record<string, string>;
}

const RUN = `let text = '';
process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
  require('./index.js').handler(JSON.parse(text)).catch((error) => { console.error(error); process.exitCode = 1; });
});`;

/** The answer that the code sends to CloudFormation. */
export async function runInline(
  code: string,
  event: Record<string, unknown>,
  env: Record<string, string>,
): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-function-'));
  let answer: Answer | undefined;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    answer = JSON.parse(text);
    response.end();
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    writeFileSync(join(folder, 'index.js'), code);
    writeFileSync(join(folder, 'run.js'), RUN);
    const child = spawn(process.execPath, ['run.js'], {
      cwd: folder,
      env,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const { port } = server.address() as AddressInfo;
    child.stdin.end(JSON.stringify({ ...event, ResponseURL: `http://127.0.0.1:${port}/` }));
    await once(child, 'exit');
    if (!answer) throw new Error(`${event['LogicalResourceId']}: the function has not answered`);
    return answer;
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
