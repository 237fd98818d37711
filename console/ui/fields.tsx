/** Fields of forms: a label, what is entered, a hint, and what is wrong with it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string;
}

type InputProps = FieldProps & {
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'email' | 'password' | 'search' | 'number' | 'month';
  autocomplete?: string;
  inputMode?: 'decimal' | 'numeric';
  required?: boolean;
  disabled?: boolean;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  step?: number | 'any';
  placeholder?: string;
};

export function TextField({ label, hint, error, value, onValue, ...rest }: InputProps) {
  const id = useId();
  const attributes = rest as Record<string, string | number | boolean | undefined>;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...attributes}
        id={id}
        value={value}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={hint || error ? `${id}-hint` : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {(hint || error) && (
        <span id={`${id}-hint`} class="hint">
          {error ?? hint}
        </span>
      )}
    </div>
  );
}

export function NumberField({
  value,
  onValue,
  ...rest
}: Omit<InputProps, 'value' | 'onValue'> & {
  value: number | undefined;
  onValue: (value: number | undefined) => void;
}) {
  return (
    <TextField
      {...rest}
      type="number"
      inputMode="decimal"
      value={value === undefined ? '' : String(value)}
      onValue={(text) => onValue(text === '' ? undefined : Number(text))}
    />
  );
}

export function AreaField({
  label,
  hint,
  value,
  onValue,
  rows,
}: FieldProps & { value: string; onValue: (value: string) => void; rows?: number }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="mono"
        rows={rows}
        value={value}
        spellcheck={false}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint && (
        <span id={`${id}-hint`} class="hint">
          {hint}
        </span>
      )}
    </div>
  );
}

export function SelectField<T extends string>({
  label,
  hint,
  value,
  options,
  onValue,
  disabled,
}: FieldProps & {
  value: T;
  options: readonly (readonly [value: T, label: string])[];
  onValue: (value: T) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onValue(event.currentTarget.value as T)}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
      {hint && (
        <span id={`${id}-hint`} class="hint">
          {hint}
        </span>
      )}
    </div>
  );
}

export function CheckField({
  label,
  hint,
  checked,
  onValue,
}: FieldProps & { checked: boolean; onValue: (checked: boolean) => void }) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onValue(event.currentTarget.checked)}
      />
      <span>
        <label for={id}>{label}</label>
        {hint && (
          <>
            <br />
            <span id={`${id}-hint`} class="hint">
              {hint}
            </span>
          </>
        )}
      </span>
    </div>
  );
}

/** One of a few, each with a line of what it means. */
export function Choices<T extends string>({
  legend,
  value,
  options,
  onValue,
}: {
  legend: string;
  value: T | undefined;
  options: readonly { value: T; label: string; hint?: string }[];
  onValue: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="choices">
        {options.map((option) => (
          <label key={option.value} class="choice">
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onValue(option.value)}
            />
            <strong>{option.label}</strong>
            {option.hint && <span class="hint">{option.hint}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
