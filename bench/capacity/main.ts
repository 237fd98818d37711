/** `npm run capacity`: simulates the busiest hour of 10^3 to 10^7 jobs a day and prints the table of docs/CAPACITY.md. */
import { capacityTable } from './table.ts';

console.log(capacityTable());
