/**
 * Loaded first into every process of `npm test`: leaves out what tap does for features that are not used here and that
 * cost a third of the time of all tests.
 * - Loader hooks, for coverage and for mocked imports: with them every module takes the way through another thread.
 * - An async hook that remembers for every promise to which subtest it belongs, so that what is thrown outside of a test's
 *   own promise is charged to it. Without it such an error ends the process, with its stack, and the file has failed.
 */
const asyncHooks = require('node:async_hooks');
const module_ = require('node:module');

const { register } = module_;
const HOOKS = /@tapjs\/(processinfo|mock)\//;

module_.register = (specifier, ...rest) => {
  if (!HOOKS.test(String(specifier))) register(specifier, ...rest);
};

const { createHook } = asyncHooks;
const NO_HOOK = { enable: () => NO_HOOK, disable: () => NO_HOOK };
asyncHooks.createHook = (callbacks) =>
  /[\\/]async-hook-domain[\\/]/.test(new Error().stack ?? '') ? NO_HOOK : createHook(callbacks);
module_.syncBuiltinESMExports();
