/**
 * Chromium as a person uses it, for the tests in `test/browser`. The browser is a system package and no npm
 * download: where there is none, the tests skip themselves and say so (`t.test(name, { skip: noBrowser }, …)`).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

type Teardown = { teardown(fn: () => unknown): unknown };

/** `CHROMIUM` is a path, or `none` to leave these tests out. */
const wanted = process.env['CHROMIUM'];
const executablePath = [wanted ?? '/usr/bin/chromium', ...(wanted ? [] : ['/usr/bin/chromium-browser'])].find(
  (path) => existsSync(path),
);

/** Why the browser tests cannot run here; false if they can. */
export const noBrowser: string | false = executablePath
  ? false
  : `needs Chromium (${wanted === 'none' ? 'CHROMIUM=none' : 'apt-get install chromium, or CHROMIUM=path'})`;

/** Asks nobody on the network: no updates, no sync, no first-run pages. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in pages since the start: uncaught errors and `console.error`. */
  readonly errors: readonly string[];
  /** Everything that pages asked of other hosts than this machine's; a page that works offline leaves it empty. */
  readonly foreign: readonly string[];
}

/**
 * Starts a browser with a profile of its own and one page; it goes with the test. `webgl` renders with
 * SwiftShader, for pages with a viewer; `viewport`, `colorScheme`, `acceptDownloads`… are Playwright's.
 */
export async function openBrowser(
  t: Teardown,
  {
    webgl = false,
    ...options
  }: { webgl?: boolean } & Parameters<typeof chromium.launchPersistentContext>[1] = {},
): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'cloudmr-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    executablePath,
    args: webgl ? [...ARGS.filter((arg) => arg !== '--disable-gpu'), '--enable-unsafe-swiftshader'] : ARGS,
  });
  t.teardown(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  const errors: string[] = [];
  const foreign: string[] = [];
  context.on('weberror', (error) => void errors.push(error.error().stack ?? String(error.error())));
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:|^wss?:/.test(protocol) && !/^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname)) {
      foreign.push(request.url());
    }
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return { context, page, errors, foreign };
}

/** An empty page of another origin than the broker's; answers its address. */
export async function otherOrigin(t: Teardown, html = '<!doctype html><title>GUI</title>'): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Where a test leaves pictures for people: `CI_ARTIFACTS`, or the temporary folder. */
export function artefact(name: string): string {
  const folder = resolve(process.env['CI_ARTIFACTS'] ?? join(tmpdir(), 'cloudmr-artefacts'));
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}
