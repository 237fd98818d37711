/** Writes openapi.yaml from the routes, and from it the types of the client. A test fails when one is stale. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clientTypes } from './client-types.ts';
import { openapiYaml } from './openapi-yaml.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const yaml = await openapiYaml();
writeFileSync(pathOf('openapi.yaml'), yaml);
writeFileSync(pathOf('client/api.d.ts'), await clientTypes(yaml));
