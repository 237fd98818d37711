import { readFileSync } from 'node:fs';
import t from 'tap';
import { compileKernels, WASM_FILE } from '../../../compute/kernels/build.ts';
import { instantiate } from '../../../compute/kernels/kernels.ts';

t.test('the committed kernels are what their sources compile to', async (t) => {
  const committed = readFileSync(WASM_FILE);
  const fresh = await compileKernels();
  t.ok(committed.equals(fresh), 'run "npm run kernels" and commit kernels.wasm');
  t.ok(committed.length < 30_000, `${committed.length} bytes`);
});

t.test('scratch memory is given back at the end of a scope, plans are kept', async (t) => {
  const kernels = instantiate(readFileSync(WASM_FILE));
  const plan = kernels.plan(96);
  const first = kernels.scoped((scratch) => scratch.floats(1000));
  t.equal(
    kernels.scoped((scratch) => scratch.floats(10)),
    first,
  );
  t.equal(kernels.plan(96), plan);
  t.throws(() => kernels.scoped(() => kernels.scoped(() => 0)), /do not nest/);
  t.throws(() => kernels.scoped(() => kernels.plan(97)), /inside a scope/);
  t.throws(() => kernels.scoped((scratch) => scratch.floats(2 ** 30)), RangeError);
  t.equal(
    kernels.scoped((scratch) => scratch.floats(10)),
    first,
    'after a failure too',
  );
});

t.test('many lengths in one process do not fill the memory', async (t) => {
  const kernels = instantiate(readFileSync(WASM_FILE));
  for (let n = 1000; n < 1300; n++) kernels.plan(n);
  t.ok(kernels.scoped((scratch) => scratch.floats(1)) < 4_000_000);
});
