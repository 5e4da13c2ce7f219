/** Something did not add up, or one of the programs failed; the message is for the person who ran the demo. */
export class DemoFailure extends Error {
  /** Facts below the message, one a line. */
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[] = []) {
    super(message);
    this.name = 'DemoFailure';
    this.details = details;
  }
}
