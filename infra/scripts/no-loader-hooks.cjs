/**
 * Loaded first into every process of `npm test`. tap registers loader hooks for coverage and for mocked imports; with
 * them every module takes the way through another thread, a fifth of the time of all tests. Neither is used here.
 */
const module_ = require('node:module');

const { register } = module_;
const HOOKS = /@tapjs\/(processinfo|mock)\//;

module_.register = (specifier, ...rest) => {
  if (!HOOKS.test(String(specifier))) register(specifier, ...rest);
};
