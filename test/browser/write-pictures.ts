/** `npm run screenshots`: makes the pictures of the README anew. */
import { noBrowser } from '../helpers/browser.ts';
import { makePictures, NAMES, PICTURES } from './make-pictures.ts';

const ends: (() => unknown)[] = [];
try {
  if (noBrowser) throw new Error(noBrowser);
  await makePictures({ teardown: (end) => void ends.unshift(end) }, PICTURES);
  console.log(NAMES.map((name) => `${PICTURES}/${name}`).join('\n'));
} finally {
  for (const end of ends) await end();
}
