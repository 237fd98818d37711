/** `npm run drill`: what it takes, and that it begins nothing for what it does not understand. */
import t from 'tap';
import { drillOptions } from '../bench/drill/options.ts';

t.test('left out, it is the drill of the promise', async (t) => {
  t.same(drillOptions([]), {
    drill: { jobs: 1_000, kills: 100, failing: 20, lostCallbacks: 30, settleLimitSeconds: 300 },
    json: false,
  });
  t.match(drillOptions(['--jobs', '40', '--kills', '0', '--json']), {
    drill: { jobs: 40, kills: 0 },
    json: true,
  });
});

t.test('a wrong flag or number says what is wrong, and how it is used', async (t) => {
  for (const [args, says] of [
    [['--jbos', '3'], /--jbos/],
    [['--jobs', 'abc'], /^--jobs is a whole number from 1 /],
    [['--jobs', '0'], /^--jobs is/],
    [['--jobs', '1e3'], /^--jobs is/],
    [['--kills=-1'], /^--kills is/],
    [['--failing', '100'], /^--failing is/],
    [['more'], /more/],
  ] as const) {
    const asked = drillOptions([...args]);
    t.match(asked, { exitCode: 2, text: says });
    t.match(asked, { text: /^Usage: npm run drill/m });
  }
  t.match(drillOptions(['--help']), { exitCode: 0, text: /^Usage/ });
});
