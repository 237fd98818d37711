import t from 'tap';
import { everyCommand } from './helpers/every-command.ts';

// Each command is a process of its own, some start a whole system; a machine may be busy.
t.setTimeout(900_000);

t.test('every command, in a pipe', (t) => everyCommand(t, 'pipe'));
