/** The web GUI's wire behaviour from a page of another origin, in a real browser with its own rules, against a live broker. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import t from 'tap';
import { noBrowser, openBrowser, otherOrigin } from '../helpers/browser.ts';
import { CAPTURED, type Listed, ownBody } from '../helpers/gui-jobs.ts';
import { startLaptop } from '../helpers/laptop.ts';

const EMAIL = 'researcher@example.org';
const PASSWORD = 'Correct-horse.7-battery';
const SCRIPT = readFileSync(new URL('./gui.js', import.meta.url), 'utf8').replace(/^export /gm, '');
const bodies = Object.entries(CAPTURED);
/** The job that is opened, the 22 bodies, and the one that is refused after them. */
const MONTHLY = 1 + bodies.length;

/**
 * What the worker refuses of these files: a mask and a map of flip angles that are raw data, a noise scan that is not
 * there, one repetition for statistics over many, and two coils for six aliased pixels.
 */
const REFUSED = [
  'ac-b1-upload',
  'ac-rss-fa',
  'ac-rss-multiraid',
  'mr-rss',
  ...[
    'ac-sense-decimate-acl24-gfactor',
    'ac-sense-decimate-all',
    'ac-sense-nogfactor',
    'cr-sense',
    'pmr-sense',
  ],
];

const raw = (name: string): string =>
  readFileSync(new URL(`../fixtures/raw/${name}`, import.meta.url)).toString('base64');

/** A call of the GUI in the page; its answer as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what the GUI reads has no types of its own
const inPage = (page: Page, code: string, argument?: unknown): Promise<any> =>
  page.evaluate(`(async (argument) => { ${code} })(${JSON.stringify(argument ?? null)})`);

t.test('the GUI works from another origin: sign in to quota', { skip: noBrowser }, async (t) => {
  const html = `<!doctype html><title>GUI</title><script>${SCRIPT}
    const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));</script>`;
  const origin = await otherOrigin(t, html);
  const laptop = await startLaptop(t, {
    CORS_ORIGINS: origin,
    FAIR_USE_JOBS_PER_MONTH: String(MONTHLY),
    FAIR_USE_JOBS_AT_ONCE: '50',
    FAIR_USE_USD_PER_MONTH: '1000',
  });
  const { page, context, foreign } = await openBrowser(t);
  const toBroker: string[] = [];
  context.on('request', (request) => {
    if (request.url().startsWith(laptop.url) && request.method() === 'PUT') toBroker.push(request.url());
  });
  await page.goto(origin);
  await inPage(page, `window.gui = createGui(argument)`, `${laptop.url}/Prod/api`);

  await t.test('sign in, and 13 calls at once, each within 5 seconds', async (t) => {
    const signed = await inPage(page, `await gui.login(argument[0], argument[1]); return gui.mount();`, [
      EMAIL,
      PASSWORD,
    ]);
    t.equal(signed.length, 13);
    t.match(signed[0], { email: EMAIL, level: 'user' });
    t.match(signed[1], { count: 0, limit: MONTHLY });
    t.equal(signed[3].computingUnits.length, 1);
    t.same([signed[7], signed[10]], [[], []]);
    t.equal((await inPage(page, 'return gui.profile()')).email, EMAIL);
  });

  await t.test('23 MiB in three parts with an empty Content-Type; ETags are exposed', async (t) => {
    const upload = await inPage(
      page,
      `const bytes = new Uint8Array(argument); for (let i = 0; i < bytes.length; i += 4096) bytes[i] = i / 4096;
       return gui.upload(new Blob([bytes]), 'big.npy');`,
      24_117_248,
    );
    t.same(
      upload.parts.map(({ partNumber, etag }: { partNumber: number; etag: string }) => [
        partNumber,
        /^[0-9a-f]{32}$/.test(etag),
      ]),
      [
        [1, true],
        [2, true],
        [3, true],
      ],
    );
    t.same(toBroker, [], 'no byte passed through the broker');
    const [row] = await inPage(page, 'return gui.dataRead()');
    t.match(row, { filename: 'big.npy', size: '24117248', status: 'available', database: 's3' });
    const fetched = await inPage(page, 'return (await fetchBytes(argument)).length', row.link);
    t.equal(fetched, 24_117_248);
    await inPage(
      page,
      'await gui.dataUpdate(argument, "other.npy"); return gui.dataDelete(argument)',
      row.id,
    );
  });

  await t.test('an empty file: no PUT, and a row that says so', async (t) => {
    const upload = await inPage(page, `return gui.upload(new Blob([]), 'empty.dat')`);
    t.same([upload.begun.partUrls, upload.parts], [[], []]);
    const [row] = await inPage(page, 'return gui.dataRead()');
    t.match(row, { filename: 'empty.dat', size: '0', status: 'available' });
    t.equal(await inPage(page, 'return (await fetchBytes(argument)).length', row.link), 0);
    await inPage(page, 'return gui.dataDelete(argument)', row.id);
  });

  const files: Listed = {};
  const [unit] = (await inPage(page, 'return gui.units("mode_1")')).computingUnits;

  await t.test('one job: queued, polled, opened, its NIfTI fetched across origins', async (t) => {
    for (const [name, fixture] of [
      ['BrainSingleSliceSignal.dat', 'gre.dat'],
      ['BrainSingleSliceNoise.dat', 'noise.dat'],
    ]) {
      const code = 'return gui.upload(new Blob([bytesOf(argument[0])]), argument[1])';
      files[name] = (await inPage(page, code, [raw(fixture), name])).begun.response;
    }
    t.equal(await inPage(page, 'return gui.queue(argument)', ownBody(CAPTURED['ac-rss'], files, unit)), 202);
    const [job] = await inPage(page, 'return gui.poll()');
    t.match(job, { alias: 'ac-rss', status: 'completed', files: [{ fileName: 'ac-rss' }] });
    const opened = await inPage(page, 'return gui.unzip(argument)', job.files[0].location);
    t.equal(opened.data[0].name, 'SNR');
    const header = await inPage(
      page,
      `const packed = new Blob([await fetchBytes(argument)]).stream();
       const nifti = await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
       const view = new DataView(nifti);
       return { magic: String.fromCharCode(view.getUint8(344), view.getUint8(345), view.getUint8(346)),
         size: [view.getInt16(42, true), view.getInt16(44, true), view.getInt16(46, true)], bytes: nifti.byteLength };`,
      opened.data[0].link,
    );
    t.same(header, { magic: 'n+1', size: [160, 160, 1], bytes: 352 + 160 * 160 * 4 });
    t.equal(
      (await inPage(page, 'return (await fetchBytes(argument)).length', job.files[0].link)) > 1_000,
      true,
    );

    const roi = await inPage(
      page,
      `const zip = new TextEncoder().encode('PK of a region');
       const saved = await gui.saveRoi(argument, 'left.zip', zip, { 0: 1.5, 1: -20, 2: 3 });
       const [listed] = await gui.rois(argument);
       const again = new TextDecoder().decode(await fetchBytes(listed.link));
       await gui.roiDelete(listed.id);
       return { saved: new TextDecoder().decode(saved.bytes), listed, again, left: await gui.rois(argument) };`,
      job.pipeline_id,
    );
    t.match(roi, {
      saved: 'PK of a region',
      again: 'PK of a region',
      left: [],
      listed: { filename: 'left.zip' },
    });
    t.same(roi.listed.data, { sliceMM: { '0': 1.5, '1': -20, '2': 3 } });
  });

  await t.test(
    'the captured bodies are taken, each within 5 seconds; the next one meets the quota, in words',
    async (t) => {
      for (const [name, fixture] of [
        ['b1-weighted-predefined-mask.nii', 'noise.dat'],
        ['famap.nii.gz', 'noise.dat'],
      ]) {
        const code = 'return gui.upload(new Blob([bytesOf(argument[0])]), argument[1])';
        files[name] = (await inPage(page, code, [raw(fixture), name])).begun.response;
      }
      const own = bodies.map(([, body]) => ownBody(body, files, unit));
      const { statuses, jobs } = await inPage(page, 'return gui.queueAll(argument)', own);
      t.same(statuses, Array(22).fill(202));
      t.same(
        jobs
          .slice(0, 22)
          .map((job: { alias: string }) => job.alias)
          .sort(),
        bodies.map(([name]) => name).sort(),
      );
      const refused = await inPage(
        page,
        `try { return await gui.queue(argument); }
       catch ({ status, data }) { return { status, data, shown: quotaMessage(data) }; }`,
        own[0],
      );
      t.match(refused, {
        status: 429,
        data: { current_count: MONTHLY, limit: MONTHLY },
        shown: `Monthly limit of ${MONTHLY} mode_1 calculations reached.`,
      });
      t.equal((await inPage(page, 'return gui.jobs()')).length, MONTHLY, 'and it was asked once');

      const ended: { alias: string; status: string; files: object[] }[] = await inPage(
        page,
        'return gui.poll()',
      );
      t.equal(ended.length, MONTHLY);
      for (const { alias, status, files } of ended) {
        t.match(status, /^(completed|failed)$/, `${alias}: a word that the GUI knows`);
        t.match(
          files,
          [{ fileName: alias, link: /^http/, location: /"Bucket"/ }],
          `${alias}: something to download`,
        );
      }
      const failed = ended.filter(({ status }) => status === 'failed').map(({ alias }) => alias);
      t.same(failed.sort(), REFUSED.toSorted(), 'those, and no other');
    },
  );
  t.same(foreign, [], 'nothing was asked of strangers');
});

t.test('the GUI works from the broker’s own origin, without a preflight', { skip: noBrowser }, async (t) => {
  const laptop = await startLaptop(t);
  const { page } = await openBrowser(t, { bypassCSP: true });
  await page.goto(`${laptop.url}/live`);
  await page.addScriptTag({ content: SCRIPT });
  const signed = await inPage(
    page,
    `window.gui = createGui('/api'); await gui.login(argument[0], argument[1]); return gui.mount();`,
    [EMAIL, PASSWORD],
  );
  t.equal(signed.length, 13);
  const code = `return (await gui.upload(new Blob([new Uint8Array(100)]), 'a.dat')).ended.status`;
  t.equal(await inPage(page, code), 'available');

  const empty = (await inPage(page, `return gui.upload(new Blob([]), 'empty.dat')`)).begun.response;
  const files = { 'BrainSingleSliceSignal.dat': empty, 'BrainSingleSliceNoise.dat': empty };
  const [unit] = (await inPage(page, 'return gui.units("mode_1")')).computingUnits;
  t.equal(await inPage(page, 'return gui.queue(argument)', ownBody(CAPTURED['ac-rss'], files, unit)), 202);
  const [job] = await inPage(page, 'return gui.poll()');
  t.equal(job.status, 'failed', 'a job on an empty file fails where the GUI shows it');
  t.equal((await inPage(page, 'return (await fetchBytes(argument)).length', job.files[0].link)) > 100, true);
});
