/**
 * The reason of a signal that fires because the embedded cloud closes. Unlike a stop by a person it ends no
 * execution: processes are killed without a word, and the work starts again when the cloud does.
 */
export class Halted extends Error {
  constructor() {
    super('The embedded cloud is closing');
    this.name = 'Halted';
  }
}
