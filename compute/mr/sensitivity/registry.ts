/** The estimators of coil sensitivities. A new one is a line here and a name in ./estimator.ts. */
import { bodyCoil } from './body-coil.ts';
import { ESPIRIT_DEFAULTS, espirit } from './espirit.ts';
import type { SensitivityEstimator, SensitivityName } from './estimator.ts';
import { inner, innerAcl } from './inner.ts';
import { uploaded } from './uploaded.ts';
import { walsh } from './walsh.ts';

export const SENSITIVITIES: Record<SensitivityName, SensitivityEstimator> = {
  inner,
  inneracl: innerAcl,
  walsh,
  espirit: espirit(ESPIRIT_DEFAULTS),
  bodycoil: bodyCoil,
  upload: uploaded,
};
