/** A button that asks for another name. */
import { useRef, useState } from 'preact/hooks';
import { useAct } from '../lib/use.ts';
import { TextField } from './fields.tsx';
import { Problem } from './parts.tsx';

interface RenameProps {
  /** What has the name, as in "Rename the file". */
  what: string;
  name: string;
  maxLength: number;
  class?: string;
  /** Stores the new name; what it throws is shown in the dialog. */
  onRename: (name: string) => Promise<void>;
}

export function RenameButton({ what, name, maxLength, class: classes, onRename }: RenameProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState(name);
  const rename = useAct(async () => {
    await onRename(text.trim());
    dialog.current?.close();
  });
  return (
    <>
      <button
        type="button"
        class={classes}
        onClick={() => {
          setText(name);
          rename.clear();
          dialog.current?.showModal();
        }}
      >
        Rename
      </button>
      <dialog ref={dialog} aria-label={`Rename the ${what}`}>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void rename.run();
          }}
        >
          <TextField
            label={`Name of the ${what}`}
            required
            maxLength={maxLength}
            value={text}
            onValue={setText}
          />
          <Problem error={rename.error} />
          <div class="row">
            <button type="submit" class="primary" disabled={rename.busy}>
              Rename
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Keep it
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
