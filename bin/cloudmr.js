#!/usr/bin/env node
// In a checkout the sources run through tsx; a package without sources has them compiled in dist/.
import { existsSync } from 'node:fs';

const source = new URL('../src/cli/main.ts', import.meta.url);
const isCheckout = existsSync(source);
if (isCheckout) (await import('tsx/esm/api')).register();
const { main } = await import(
  isCheckout ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href
);
process.exitCode = await main(process.argv.slice(2));
