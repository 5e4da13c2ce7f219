import type { Logger } from '../../common/core/logger.ts';
import { openSqliteConnection, sqliteCodeOf, type SqliteConnection } from './sqlite-connection.ts';

/** What a projector works with. */
export interface StatusProjectorDeps {
  /** The database whose commits are watched. */
  readonly databaseFile: string;
  /** Brings the status file up to date; `quick` leaves out the counts of whole tables. */
  readonly refresh: (depth: 'full' | 'quick') => Promise<void>;
  readonly log: Logger;
}

/** How often the database is looked at; P14 allows 2 s. */
const LOOK_EVERY_MS = 500;
/** At the latest after so many looks the file is made true again, whatever changed it. */
const REFRESH_EVERY_LOOKS = 20;

/**
 * Keeps the status file true while a daemon runs: looks twice a second whether any program has committed to the
 * database (`PRAGMA data_version`, nearly free) and refreshes the file when one has.
 */
export class StatusProjector {
  readonly #deps: StatusProjectorDeps;
  #connection: SqliteConnection | undefined;
  #version: unknown;
  #looks = 0;
  #isTableCountDue = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isBusy = false;

  constructor(deps: StatusProjectorDeps) {
    this.#deps = deps;
  }

  /** Begins to watch. */
  start(): void {
    this.#timer = setInterval(() => {
      if (this.#isBusy) return;
      this.#isBusy = true;
      this.#looking = this.look().finally(() => {
        this.#isBusy = false;
      });
    }, LOOK_EVERY_MS);
  }

  /** One look; never rejects. */
  async look(): Promise<void> {
    this.#looks += 1;
    const version = await this.#readVersion();
    const isChanged = version === undefined || version !== this.#version;
    const isTurn = this.#looks % REFRESH_EVERY_LOOKS === 0;
    if (!isChanged && !isTurn) return;
    this.#version = version;
    this.#isTableCountDue ||= isChanged;
    const depth = isTurn && this.#isTableCountDue ? 'full' : 'quick';
    if (depth === 'full') this.#isTableCountDue = false;
    await this.#deps.refresh(depth);
  }

  /** Ends watching after the present look. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#connection?.close();
    this.#connection = undefined;
  }

  /** Nothing where the database cannot be asked; the connection is then made anew. */
  async #readVersion(): Promise<unknown> {
    try {
      this.#connection ??= await openSqliteConnection({
        path: this.#deps.databaseFile,
        mode: 'read',
        busyTimeoutMs: 0,
      });
      return (await this.#connection.first('PRAGMA data_version'))?.['data_version'];
    } catch (thrown) {
      this.#deps.log.debug('the database cannot be watched', { reason: sqliteCodeOf(thrown) });
      await this.#connection?.close();
      this.#connection = undefined;
      return undefined;
    }
  }
}
