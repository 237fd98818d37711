/** Everything that ../kernels.ts may call. */
export { alloc, mark, release } from './memory';
export { createPlan } from './fft-plan';
export { fftColumns, fftRows, fftWorkBytes } from './fft';
export { lowerWorkBytes, multiplyLower } from './whiten';
export { addSquares, scaledRoots } from './squares';
