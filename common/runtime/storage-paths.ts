import { statSync, type Stats } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { DatabaseAddress } from './database-url.ts';
import type { SettingFault } from './setting-definition.ts';

/** What the settings say about the place of a program's files. */
export interface StorageSettings<A extends DatabaseAddress = DatabaseAddress> {
  readonly STORAGE_PATH?: string | undefined;
  readonly DATABASE_URL?: A | undefined;
}

/** The absolute STORAGE_PATH; a relative one is taken from `cwd`. */
export function resolveStoragePath(settings: StorageSettings, cwd: string): string {
  return resolve(cwd, settings.STORAGE_PATH ?? 'storage');
}

/** The absolute path of a SQLite file, relative ones taken from `cwd`; without DATABASE_URL a file under STORAGE_PATH. */
export function resolveDatabaseFile(
  settings: StorageSettings,
  cwd: string,
  defaultName: string,
): string {
  const address = settings.DATABASE_URL;
  return address?.dialect === 'sqlite'
    ? resolve(cwd, address.file)
    : resolve(resolveStoragePath(settings, cwd), defaultName);
}

/** What is wrong with the places that the settings name, as far as it shows without opening anything (B78). */
export function checkStorage(settings: StorageSettings, cwd: string): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  const storagePath = resolveStoragePath(settings, cwd);
  const storage = look(storagePath);
  if (storage !== undefined && !storage.isDirectory()) {
    faults.push({ name: 'STORAGE_PATH', reason: 'is a file, not a folder' });
  }
  if (settings.DATABASE_URL?.dialect === 'sqlite') {
    const reason = databaseFault(resolveDatabaseFile(settings, cwd, ''), storagePath);
    if (reason !== undefined) faults.push({ name: 'DATABASE_URL', reason });
  }
  return faults;
}

function databaseFault(file: string, storagePath: string): string | undefined {
  const found = look(file);
  if (found?.isDirectory() === true) return 'is a folder, not a file';
  if (found !== undefined && !found.isFile()) return 'is not a regular file';
  const folder = dirname(file);
  // Folders under STORAGE_PATH are made by the program itself.
  if (`${folder}${sep}`.startsWith(`${storagePath}${sep}`)) return undefined;
  return look(folder)?.isDirectory() === true ? undefined : 'lies in a folder that does not exist';
}

/** Paths that cannot be looked at are left to whoever opens them. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
