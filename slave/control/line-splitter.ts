import { StringDecoder } from 'node:string_decoder';

/** What came out of a chunk of bytes. */
export interface SplitLines {
  /** Complete lines without their ends. */
  readonly lines: readonly string[];
  /** A line exceeds the limit; nothing after it can be read. */
  readonly tooLong: boolean;
}

/** Cuts a byte stream into lines; holds at most one unfinished line of limited length. */
export class LineSplitter {
  readonly #maxLength: number;
  readonly #decoder = new StringDecoder('utf8');
  #unfinished: string[] = [];
  #unfinishedLength = 0;

  /** @param maxLength most characters of a line, its end not counted. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Takes more bytes; only the new ones are searched for line ends. */
  push(bytes: Buffer): SplitLines {
    const [first = '', ...more] = this.#decoder.write(bytes).split('\n');
    const lines: string[] = [];
    this.#append(first);
    for (const part of more) {
      if (this.#unfinishedLength > this.#maxLength) return { lines, tooLong: true };
      lines.push(this.#unfinished.join(''));
      this.#unfinished = [];
      this.#unfinishedLength = 0;
      this.#append(part);
    }
    return { lines, tooLong: this.#unfinishedLength > this.#maxLength };
  }

  #append(part: string): void {
    this.#unfinished.push(part);
    this.#unfinishedLength += part.length;
  }
}
