/** Sizes and options of the slice that both sides calculate. */
export const SIZES = {
  coils: 16,
  lines: 256,
  columns: 256,
  acceleration: 2,
  /** Calibration lines in both directions. */
  acs: 24,
  /** GRAPPA: window along y and x. */
  kernel: [4, 4],
  lambda: 0.01,
  /** As `bart ecalib -k6 -r24 -t0.001 -c0.8`, whose t is the ratio of squared singular values. */
  espirit: { kernel: 6, acs: 24, threshold: Math.sqrt(0.001), crop: 0.8, iterations: 30 },
  replicas: 128,
  generalised: 6,
  boxSize: 9,
} as const;
