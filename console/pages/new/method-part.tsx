/** Method and reconstruction, with exactly the options that belong to them. */
import { MASKS, METHODS, optionsOf, RECONS, REPLICAS, SENSITIVITIES } from '../../task/choices.ts';
import { CheckField, Choices, NumberField, SelectField } from '../../ui/fields.tsx';
import { FileField } from '../../ui/file-field.tsx';
import type { PartProps } from './files-part.tsx';

export function MethodPart({ form, files, onChange }: PartProps) {
  const uses = optionsOf(form);
  const [r1, r2] = form.accelerations;
  const [k1, k2] = form.kernel;
  return (
    <section class="card stack">
      <h2>How it is measured</h2>
      <Choices
        legend="Method"
        value={form.method}
        options={METHODS}
        onValue={(method) => onChange({ method, replicas: undefined })}
      />
      {uses.replicas && (
        <div class="field-row">
          <NumberField
            label="Replicas"
            min={2}
            step={1}
            placeholder={String(REPLICAS[form.method === 'cr' ? 'cr' : 'pmr'].normal)}
            hint="More are more precise: the error falls with their square root."
            value={form.replicas}
            onValue={(replicas) => onChange({ replicas })}
          />
          {uses.box && (
            <NumberField
              label="Window (pixels)"
              min={2}
              step={1}
              hint="Side of the square around each pixel."
              value={form.boxSize}
              onValue={(boxSize) => onChange({ boxSize })}
            />
          )}
        </div>
      )}
      <Choices
        legend="Reconstruction"
        value={form.recon}
        options={RECONS}
        onValue={(recon) => {
          const next = optionsOf({ method: form.method, recon });
          const output = { ...form.output, gfactor: next.gFactor, coilsensitivity: next.coilMaps };
          onChange({ recon, output });
        }}
      />
      {uses.accelerated && (
        <>
          <CheckField
            label="Undersample in software"
            hint="Off: the scanner has accelerated already, and the file says how."
            checked={form.decimate}
            onValue={(decimate) => onChange({ decimate })}
          />
          {form.decimate && (
            <div class="field-row">
              <NumberField
                label="Along readout"
                min={1}
                step={1}
                value={r1}
                onValue={(value) => onChange({ accelerations: [value, r2] })}
              />
              <NumberField
                label="Along phase encoding"
                min={1}
                step={1}
                value={r2}
                onValue={(value) => onChange({ accelerations: [r1, value] })}
              />
              <NumberField
                label="Calibration lines"
                min={2}
                step={1}
                placeholder="all"
                value={form.calibration}
                onValue={(calibration) => onChange({ calibration })}
              />
            </div>
          )}
        </>
      )}
      {uses.kernel && (
        <div class="field-row">
          <NumberField
            label="Kernel along readout"
            min={1}
            step={1}
            value={k1}
            onValue={(value) => onChange({ kernel: [value, k2] })}
          />
          <NumberField
            label="Kernel along phase encoding"
            min={1}
            step={1}
            value={k2}
            onValue={(value) => onChange({ kernel: [k1, value] })}
          />
        </div>
      )}
      {uses.sensitivities && (
        <SelectField
          label="Coil sensitivities"
          value={form.sensitivity}
          options={SENSITIVITIES}
          onValue={(sensitivity) => onChange({ sensitivity })}
        />
      )}
      {uses.sensitivities && form.sensitivity === 'bodycoil' && (
        <FileField
          label="Scan of the body coil"
          files={files}
          chosen={form.bodyCoil}
          onChoose={(bodyCoil) => onChange({ bodyCoil })}
        />
      )}
      {uses.coilMaps && (
        <div class="field-row">
          <SelectField
            label="Mask of the sensitivities"
            value={form.mask}
            options={MASKS}
            onValue={(mask) => onChange({ mask })}
          />
          {form.mask === 'percentage' && (
            <NumberField
              label="Percent of the maximum"
              min={0}
              max={100}
              value={form.maskPercent}
              onValue={(maskPercent) => onChange({ maskPercent })}
            />
          )}
        </div>
      )}
    </section>
  );
}
