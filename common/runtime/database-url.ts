import type { z } from 'zod';
import { Refusal, textKind } from './setting-kinds.ts';

/** Where a program's data lie. A SQLite `file` is as it was set; relative to the working folder. */
export type DatabaseAddress =
  | { readonly dialect: 'sqlite'; readonly file: string }
  | { readonly dialect: 'postgres'; readonly url: string };

/** A slave's database: `sqlite:relative/path`, `sqlite:/absolute/path` or `sqlite:///absolute/path`. */
export function sqliteAddressKind(): z.ZodType<DatabaseAddress & { readonly dialect: 'sqlite' }> {
  return textKind((text) => {
    if (isPostgres(text))
      return new Refusal('is a PostgreSQL address, and a slave keeps its data in SQLite');
    return parseSqlite(text);
  });
}

/** A master's database: the forms of SQLite, `postgres://...` or `postgresql://...`. */
export function databaseAddressKind(): z.ZodType<DatabaseAddress> {
  return textKind((text): DatabaseAddress | Refusal =>
    isPostgres(text) ? parsePostgres(text) : parseSqlite(text),
  );
}

function isPostgres(text: string): boolean {
  return /^postgres(?:ql)?:/i.test(text);
}

function parsePostgres(text: string): DatabaseAddress | Refusal {
  if (!/^postgres(?:ql)?:\/\//i.test(text) || !URL.canParse(text)) {
    return new Refusal(
      'is not a valid PostgreSQL address; write special characters of the password as %XX',
    );
  }
  const { pathname, hash } = new URL(text);
  // A bare / ? # or @ of a password moves the parts of the address about without making it invalid.
  if (pathname.includes('@') || hash !== '') {
    return new Refusal('has a misplaced @ or #; write special characters of the password as %XX');
  }
  return pathname.length > 1
    ? { dialect: 'postgres', url: text }
    : new Refusal('names no database');
}

function parseSqlite(
  text: string,
): { readonly dialect: 'sqlite'; readonly file: string } | Refusal {
  if (!/^sqlite:/i.test(text)) return new Refusal('does not begin with a known kind of database');
  const file = text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  if (/:memory:|mode=memory/i.test(file))
    return new Refusal('is a database in memory, which keeps nothing');
  if (file === '' || file.endsWith('/')) return new Refusal('names no file');
  if (file.startsWith('//')) return new Refusal('has two slashes; use none or three');
  if (/^file:/i.test(file)) return new Refusal('has "file:" after "sqlite:"');
  if (/[?#\0]/.test(file)) return new Refusal('holds one of the characters ? # NUL');
  return { dialect: 'sqlite', file };
}
