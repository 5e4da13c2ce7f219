/** Lets one piece of work at a time in, first come first served. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Work that is running or waiting. */
  get load(): number {
    return this.#waiting;
  }

  /** Runs `work` when everything before it has settled. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const mine = this.#tail.then(work, work);
    this.#tail = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}
