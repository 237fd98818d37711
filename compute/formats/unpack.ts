/** A zip into a folder. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';

const openZip = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);

/** Unpacks a zip into a folder and returns the names in it. Throws if it is damaged or a name leads elsewhere. */
export async function unpack(zip: string, folder: string): Promise<string[]> {
  const file = await openZip(zip, { lazyEntries: true });
  const read = promisify<yauzl.Entry, NodeJS.ReadableStream>(file.openReadStream.bind(file));
  const names: string[] = [];
  await new Promise<void>((resolve, reject) => {
    file.once('end', resolve).once('error', reject);
    file.on('entry', (entry: yauzl.Entry) => {
      // yauzl refuses absolute names and "..", so every entry stays inside the folder.
      const target = join(folder, normalize(entry.fileName));
      const next = async (): Promise<void> => {
        if (!entry.fileName.endsWith('/')) {
          await mkdir(dirname(target), { recursive: true });
          await pipeline(await read(entry), createWriteStream(target));
          names.push(entry.fileName);
        }
        file.readEntry();
      };
      next().catch(reject);
    });
    file.readEntry();
  });
  return names;
}
