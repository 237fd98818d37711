import t from 'tap';
import { everyCommand } from './helpers/every-command.ts';

t.test('every command, in a terminal', (t) => everyCommand(t, 'terminal'));
