/** `npm run infra:render`: writes the rendered templates. */
import { writeFileSync } from 'node:fs';
import { renderTemplate, TEMPLATES, type TemplateSource } from './render-templates.ts';

for (const [source, target] of Object.entries(TEMPLATES) as [TemplateSource, string][]) {
  const text = renderTemplate(source);
  writeFileSync(new URL(`../${target}`, import.meta.url), text);
  console.log(`infra/${target}: ${Buffer.byteLength(text)} bytes`);
}
