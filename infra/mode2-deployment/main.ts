/** `node --import tsx infra/mode2-deployment/main.ts [COMMAND] [options]`: what deploy-mode2.sh starts. */
import { standardIo } from './io.ts';
import { runDeployMode2 } from './run.ts';

process.exitCode = await runDeployMode2(process.argv.slice(2), standardIo());
