/** A file of a computing unit, chosen from the newest ones. */

import type { FileChoice } from '../task/form.ts';
import { SelectField } from './fields.tsx';

interface FileFieldProps {
  label: string;
  hint?: string;
  files: readonly FileChoice[];
  chosen: FileChoice | undefined;
  onChoose: (file: FileChoice | undefined) => void;
  /** What choosing none means. */
  none?: string;
}

export function FileField({ label, hint, files, chosen, onChoose, none = 'Choose a file' }: FileFieldProps) {
  const all = chosen && !files.some(({ id }) => id === chosen.id) ? [chosen, ...files] : files;
  return (
    <SelectField
      label={label}
      hint={hint}
      value={chosen?.id ?? ''}
      options={[['', none], ...all.map(({ id, filename }) => [id, filename] as const)]}
      onValue={(id) => onChoose(all.find((file) => file.id === id))}
    />
  );
}
