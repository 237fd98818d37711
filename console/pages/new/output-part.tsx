/** What is kept beside the SNR, and where the job runs. */
import { optionsOf } from '../../task/choices.ts';
import { CheckField, NumberField, SelectField } from '../../ui/fields.tsx';
import { FileField } from '../../ui/file-field.tsx';
import type { PartProps } from './files-part.tsx';

const PLATFORMS = [
  ['auto', 'Chosen by size'],
  ['lambda', 'Lambda: starts at once'],
  ['fargate', 'Fargate: larger and longer'],
] as const;

export function OutputPart({ form, files, onChange }: PartProps) {
  const uses = optionsOf(form);
  const { output } = form;
  return (
    <section class="card">
      <details>
        <summary>More options</summary>
        <div class="stack inside">
          <CheckField
            label="All maps for MATLAB (.mat)"
            checked={output.matlab}
            onValue={(matlab) => onChange({ output: { ...output, matlab } })}
          />
          {uses.gFactor && (
            <CheckField
              label="g-factor maps"
              checked={output.gfactor}
              onValue={(gfactor) => onChange({ output: { ...output, gfactor } })}
            />
          )}
          {uses.coilMaps && (
            <CheckField
              label="Coil sensitivities"
              checked={output.coilsensitivity}
              onValue={(coilsensitivity) => onChange({ output: { ...output, coilsensitivity } })}
            />
          )}
          {uses.biasCorrection && (
            <CheckField
              label="Correct the bias of magnitudes"
              hint="Matters where the SNR is below 5."
              checked={form.biasCorrection}
              onValue={(biasCorrection) => onChange({ biasCorrection })}
            />
          )}
          <FileField
            label="Flip-angle map"
            hint="The SNR is divided by the sine of the angle that was reached."
            none="None: no correction"
            files={files}
            chosen={form.flipAngles}
            onChoose={(flipAngles) => onChange({ flipAngles })}
          />
          <div class="field-row">
            <SelectField
              label="Runs on"
              value={form.platform}
              options={PLATFORMS}
              onValue={(platform) => onChange({ platform })}
            />
            <NumberField
              label="Refuse above (US dollars)"
              min={0}
              step="any"
              placeholder="no limit"
              value={form.maxUsd}
              onValue={(maxUsd) => onChange({ maxUsd })}
            />
          </div>
        </div>
      </details>
    </section>
  );
}
