/**
 * fast-check, whose draws CHECK_SEED fixes: `.ci/run` draws one seed for all of its run, so a file that it repeats meets
 * the same counterexample again. Without the variable every property draws its own, and prints it when it fails.
 */
import fc from 'fast-check';

const { CHECK_SEED } = process.env;
if (CHECK_SEED) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(CHECK_SEED) });

export { fc };
