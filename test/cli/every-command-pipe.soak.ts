import t from 'tap';
import { everyCommand } from './helpers/every-command.ts';

t.test('every command, in a pipe', (t) => everyCommand(t, 'pipe'));
