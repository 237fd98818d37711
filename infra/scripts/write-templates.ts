/** `npm run infra:render`: writes the rendered templates, and into that of Mode 1 the hash of its worker's function. */
import { readFileSync, writeFileSync } from 'node:fs';
import { renderTemplate, TEMPLATES, type TemplateSource } from './render-templates.ts';
import { WORKER_TEMPLATE, withVersionHash } from './render-version.ts';

for (const [source, target] of Object.entries(TEMPLATES) as [TemplateSource, string][]) {
  const text = renderTemplate(source);
  writeFileSync(new URL(`../${target}`, import.meta.url), text);
  console.log(`infra/${target}: ${Buffer.byteLength(text)} bytes`);
}

const worker = new URL(`../${WORKER_TEMPLATE}`, import.meta.url);
writeFileSync(worker, withVersionHash(readFileSync(worker, 'utf8')));
