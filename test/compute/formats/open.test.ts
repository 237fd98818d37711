/** Files are recognised by their content; what is something else is refused by name. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import { fixture } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';

const folder = temporaryFolder(t);

function at(position: number, mark: string, size = 1024): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.write(mark, position, 'latin1');
  return bytes;
}

t.test('the extension does not matter', async (t) => {
  for (const [file, name, format] of [
    ['gre.dat', 'scan.h5', 'twix-vd'],
    ['shepp-logan-r2.h5', 'scan.1.dat', 'ismrmrd'],
  ]) {
    copyFileSync(fixture(file), folder(name));
    const scan = await openRawScan(folder(name));
    t.equal(scan.header.format, format);
    await scan.close();
    await scan.close();
  }
});

t.test('HDF5 behind a user block is still HDF5', async (t) => {
  for (const block of [512, 2048]) {
    const path = folder('userblock.h5');
    writeFileSync(
      path,
      Buffer.concat([Buffer.alloc(block, 'x'), readFileSync(fixture('shepp-logan-r2.h5'))]),
    );
    const scan = await openRawScan(path);
    t.equal(scan.header.format, 'ismrmrd');
    await scan.close();
  }
});

t.test('other files are refused with what they are', async (t) => {
  const others: [name: string, content: Buffer, message: RegExp][] = [
    ['empty', Buffer.alloc(0), /empty/],
    ['gzip', gzipSync(readFileSync(fixture('epi.dat'))), /gzip; unpack/],
    ['zip', at(0, 'PK\x03\x04'), /zip archive; unpack/],
    ['tar', at(257, 'ustar'), /tar archive; unpack/],
    ['nifti', at(344, 'n+1\0'), /NIfTI/],
    ['dicom', at(128, 'DICM'), /DICOM/],
    ['matlab', at(0, 'MATLAB 5.0 MAT-file'), /MATLAB/],
    ['png', at(0, '\x89PNG\r\n'), /PNG/],
    ['json', Buffer.from('{"version":"v0","options":{}}\n'), /text/],
    ['zeros', Buffer.alloc(4096), /begin with 0000000000000000/],
    ['noise', Buffer.alloc(4096, 0xa7), /4096 bytes begin with a7a7a7a7a7a7a7a7/],
    ['short', Buffer.from([0, 1, 2]), /3 bytes begin with 000102/],
  ];
  for (const [name, content, message] of others) {
    writeFileSync(folder(name), content);
    await t.rejects(openRawScan(folder(name)), { code: 'input_unreadable', message }, name);
  }
});

t.test('no file, no regular file', async (t) => {
  await t.rejects(openRawScan(folder('nowhere.dat')), { code: 'input_not_found' });
  mkdirSync(folder('directory'));
  await t.rejects(openRawScan(folder('directory')), { code: 'input_unreadable', message: /regular file/ });
});
