/** Signal and noise. */
import type { Growing } from '../../lib/growing.ts';
import type { FileChoice, JobForm } from '../../task/form.ts';
import { CheckField } from '../../ui/fields.tsx';
import { FileField } from '../../ui/file-field.tsx';

export interface PartProps {
  form: JobForm;
  files: readonly FileChoice[];
  onChange: (part: Partial<JobForm>) => void;
}

export function FilesPart({ form, files, older, onChange }: PartProps & { older: Growing<unknown> }) {
  return (
    <>
      <FileField
        label="Signal"
        hint={files.length === 0 && !older.more ? 'This unit has no files yet: upload one below.' : undefined}
        files={files}
        chosen={form.signal}
        onChoose={(signal) => onChange({ signal })}
      />
      {older.more && (
        <button type="button" class="tight more" disabled={older.busy} onClick={older.more}>
          Older files
        </button>
      )}
      <CheckField
        label="The signal file holds its own noise measurement"
        hint="Siemens MultiRAID files do, and ISMRMRD files with noise readouts."
        checked={form.ownNoise}
        onValue={(ownNoise) => onChange({ ownNoise })}
      />
      {!form.ownNoise && (
        <FileField
          label="Noise"
          hint="Same protocol without RF, same coils."
          files={files}
          chosen={form.noise}
          none={form.method === 'mr' ? 'None: from the repetitions' : 'Choose a file'}
          onChoose={(noise) => onChange({ noise })}
        />
      )}
    </>
  );
}
