import { join } from 'node:path';
import { toSyncError } from '../../core/sync-error.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

// Run by a test in which the file is a mount of its own, as containers do it.
const path = join(process.argv[2] ?? '', 'status.json');
const error = await writeFileAtomically(path, 'new').then(() => undefined, toSyncError);
process.stdout.write(JSON.stringify({ code: error?.code, hint: error?.hint }));
