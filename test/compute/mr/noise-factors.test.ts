import t from 'tap';
import type { ScanHeader } from '../../../compute/formats/scan.ts';
import { noiseFactors } from '../../../compute/mr/noise-factors.ts';
import { memoryScan } from '../helpers/scan.ts';

const header = (more: Partial<ScanHeader> = {}): ScanHeader =>
  memoryScan({ columns: 8, lines: 8, coils: 1, header: more }, []).header;
const signal = header({ readoutOversampling: 2 });
const inline = { separate: false, dwellMicroseconds: 5, bandwidthRatio: 0.85 };

t.test('the bandwidth ratio: what the header says, else what was measured, else the usual one', async (t) => {
  const stated = noiseFactors(signal, 2, 5, { ...inline, header: header({ noiseBandwidthRatio: 0.79 }) });
  t.match(stated, { bandwidthRatio: 0.79, bandwidthSource: 'header' });
  const measured = noiseFactors(signal, 2, 5, { ...inline, header: header() });
  t.match(measured, { bandwidthRatio: 0.85, bandwidthSource: 'computed' });
  const short = noiseFactors(signal, 2, 5, { ...inline, header: header(), bandwidthRatio: undefined });
  t.match(short, { bandwidthRatio: 0.793, bandwidthSource: 'default' });
});

t.test('a noise scan of its own without oversampling has lost the edges of the band: ratio 1', async (t) => {
  const cropped = noiseFactors(signal, 2, 5, { ...inline, header: header(), separate: true });
  t.match(cropped, { bandwidthRatio: 1, bandwidthSource: 'cropped' });
  const raw = { ...inline, separate: true, header: header({ readoutOversampling: 2 }) };
  t.match(noiseFactors(signal, 2, 5, raw), { bandwidthRatio: 0.85, bandwidthSource: 'computed' });
});

t.test(
  'dwell times: each from its own scan; an unknown one counts as equal and is warned about',
  async (t) => {
    const both = noiseFactors(signal, 1, 10, { ...inline, header: header() });
    t.match(both, { dwellRatio: 0.5, oversampling: 1, warnings: [] });
    const fromHeader = noiseFactors(header({ imageDwellMicroseconds: 2.5 }), 1, undefined, {
      ...inline,
      header: header(),
    });
    t.equal(fromHeader.dwellRatio, 2);
    const unknown = noiseFactors(signal, 1, undefined, { ...inline, header: header() });
    t.match(unknown, { dwellRatio: 1, warnings: [/dwell time is missing/] });
  },
);
