/** Everything that ../kernels.ts may call. */
export { alloc, mark, release } from './memory';
export { createPlan } from './fft-plan';
export { fftColumns, fftRows, fftWorkBytes } from './fft';
export { lowerWorkBytes, multiplyLower } from './whiten';
export { addSquares, divideByLengths, scaledRoots } from './squares';
export { addConjugateProducts, addProducts } from './products';
export { unfoldWorkBytes, unfoldingWeights } from './unfold';
export { unfoldImage } from './unfold-image';
export { addGram } from './gram';
export { choleskyFactor } from './cholesky';
export { imageWeights, imageWeightsWorkBytes } from './image-weights';
export { fillNormals } from './random';
export { dominantEigenvectors, dominantWorkBytes } from './dominant';
export { backTransform, tridiagonalEigen, tridiagonalise } from './hermitian';
export { addCorrelatedSquares } from './in-phase';
