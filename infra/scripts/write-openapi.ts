/** Writes openapi.yaml from the routes. `npm run openapi`; a test fails when the file is stale. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openapiYaml } from './openapi-yaml.ts';

const path = fileURLToPath(new URL('../../openapi.yaml', import.meta.url));
writeFileSync(path, await openapiYaml());
