import { join } from 'node:path';
import { makeTempDir } from './temp-dir.ts';

/** A path for an empty SQLite database outside the repository, removed as {@link makeTempDir} says. */
export async function createSqliteDatabase(): Promise<{
  readonly url: string;
  drop(): Promise<void>;
}> {
  return { url: `sqlite:${join(makeTempDir(), 'master.sqlite')}`, drop: async () => undefined };
}
