/** The browser itself: a page of another origin, what goes wrong in it, and what it asks of strangers. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { artefact, noBrowser, openBrowser, otherOrigin } from '../helpers/browser.ts';

t.test('a page is shown, its errors and its calls to strangers are seen', { skip: noBrowser }, async (t) => {
  const { page, errors, foreign } = await openBrowser(t);
  const origin = await otherOrigin(t, '<!doctype html><title>Two</title><p>two pages</p>');
  await page.goto(origin);
  t.equal(await page.title(), 'Two');
  t.equal(await page.evaluate('location.origin'), origin);
  t.same(
    errors.filter((error) => !/favicon/.test(error)),
    [],
  );
  t.same(foreign, []);

  await page.evaluate("fetch('http://stranger.invalid/x').catch(() => undefined)");
  t.same(foreign, ['http://stranger.invalid/x']);
  const failed = page.waitForEvent('pageerror');
  await page.evaluate("void setTimeout(() => { throw new Error('of the page'); })");
  await failed;
  t.match(errors.join(), 'of the page');

  const picture = artefact('helper.png');
  await page.screenshot({ path: picture });
  t.same([...readFileSync(picture).subarray(1, 4)], [...Buffer.from('PNG')]);
});

t.test('WebGL2 renders in software', { skip: noBrowser }, async (t) => {
  const { page } = await openBrowser(t, { webgl: true });
  await page.goto(await otherOrigin(t));
  const cleared = await page.evaluate(`(() => {
    const gl = document.createElement('canvas').getContext('webgl2');
    if (!gl) return 'no WebGL2';
    gl.clearColor(1, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const pixel = new Uint8Array(4);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return [...pixel];
  })()`);
  t.same(cleared, [255, 0, 0, 255]);
});
