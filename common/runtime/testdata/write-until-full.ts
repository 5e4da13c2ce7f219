import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toSyncError } from '../../core/sync-error.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

// Run by a test on a file system of 64 KiB: the second write has room for a part only.
const folder = process.argv[2] ?? '';
const path = join(folder, 'status.json');
await writeFileAtomically(path, 'old content');
writeFileSync(join(folder, 'fill'), 'x'.repeat(40_000));
const code = await writeFileAtomically(path, 'y'.repeat(30_010)).then(
  () => 'written',
  (error: unknown) => toSyncError(error).code,
);
const result = { code, old: readFileSync(path, 'utf8'), files: readdirSync(folder).toSorted() };
process.stdout.write(JSON.stringify(result));
