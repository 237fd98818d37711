/** The `cloudmr` program as bin/cloudmr.js starts it, from wherever the tests run. */
import { main } from '../../../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
