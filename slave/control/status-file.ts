import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../common/core/clock.ts';
import type { Logger } from '../../common/core/logger.ts';
import { safeText } from '../../common/core/safe-text.ts';
import { writeFileAtomically } from '../../common/runtime/write-file-atomically.ts';
import type { SlaveStatus } from './control.ts';

/** A status file that can be read is not larger than this. */
const MAX_FILE_BYTES = 64 * 1024;
const MAX_BAD_COPIES = 3;

/** The seven fields that every reader may count on; more follow. */
const statusFileSchema = z.looseObject({
  last_synced_at: z.string().nullable(),
  status: z.enum(['idle', 'running', 'success', 'failed', 'disabled']),
  pending_records: z.number().int().min(0),
  last_error: z.string().nullable(),
  retry_count: z.number().int().min(0),
  created_at: z.string(),
  updated_at: z.string(),
});
/** What the status file holds. */
export type StatusFileContent = z.infer<typeof statusFileSchema>;

/** Path of the status file of a slave. */
export function statusFilePath(storagePath: string): string {
  return join(storagePath, 'app', 'sync_status.json');
}

/** The status as the file holds it: the seven fields first, then what is ours. */
export function toStatusFile(status: SlaveStatus, nowIso: string): StatusFileContent {
  const { lastError } = status;
  return {
    last_synced_at: status.lastSyncedAt,
    status: status.status,
    pending_records: status.pendingRecords,
    last_error: lastError === null ? null : safeText(lastError.message, 1000),
    retry_count: status.retryCount,
    created_at: status.createdAt,
    updated_at: nowIso,
    rejected_records: status.rejectedRecords,
    open_conflicts: status.openConflicts,
    next_attempt_at: status.nextAttemptAt,
    last_error_code: lastError?.code ?? null,
    last_error_at: lastError?.at ?? null,
    last_error_hint: lastError === null ? null : safeText(lastError.hint, 1000),
    trouble: status.trouble,
    paused: status.paused,
    slave: status.slaveName,
    master_url: status.masterUrl,
    daemon_pid: status.daemon?.pid ?? null,
    loading:
      status.loading === null
        ? null
        : {
            rows: status.loading.rows,
            total_rows: status.loading.totalRows,
            started_at: status.loading.startedAt,
          },
  };
}

/**
 * The status file as it is, for people without a database at hand; nothing where it is missing, damaged,
 * too large or not a file. Never read for decisions (rule STATE1).
 */
export async function readStatusFile(path: string): Promise<StatusFileContent | null> {
  const text = await readSmallFile(path);
  return text === null ? null : parse(text);
}

/** Keeps the status file of one slave up to date; writes only what changed, and never stops a sync. */
export class StatusFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #isWarned = false;
  #last: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly storagePath: string;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#path = statusFilePath(options.storagePath);
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Brings the file up to date; calls are dealt with one after the other. A file that cannot be written is logged once. */
  async update(status: SlaveStatus): Promise<void> {
    this.#last = this.#last.then(() => this.#write(status));
    await this.#last;
  }

  async #write(status: SlaveStatus): Promise<void> {
    const content = toStatusFile(status, this.#clock.nowIso());
    const wanted = comparable(content);
    try {
      if (wanted === (await this.#presentContent())) return;
      await writeFileAtomically(this.#path, `${JSON.stringify(content, null, 2)}\n`);
      this.#isWarned = false;
    } catch (thrown) {
      if (!this.#isWarned)
        this.#log.warn('the status file cannot be written', {
          path: this.#path,
          reason: codeOf(thrown),
        });
      this.#isWarned = true;
    }
  }

  /** What is there, whoever wrote it; a damaged file is put aside for people to look at. */
  async #presentContent(): Promise<string> {
    const content = await readStatusFile(this.#path);
    if (content !== null) return comparable(content);
    await putAside(this.#path, this.#clock.nowIso());
    return '';
  }
}

/** All that counts as a change of the file: everything but the time of writing. */
function comparable(content: StatusFileContent): string {
  return JSON.stringify({ ...content, updated_at: '' });
}

async function putAside(path: string, nowIso: string): Promise<void> {
  const prefix = `${basename(path)}.corrupt-`;
  try {
    await rename(path, join(dirname(path), `${prefix}${nowIso.replaceAll(':', '-')}`));
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return; // there is no file, which is no damage
    throw thrown;
  }
  const copies = (await readdir(dirname(path)))
    .filter((name) => name.startsWith(prefix))
    .toSorted();
  for (const name of copies.slice(0, -MAX_BAD_COPIES)) {
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

function parse(text: string): StatusFileContent | null {
  try {
    return statusFileSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function readSmallFile(path: string): Promise<string | null> {
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return null;
    return await file.readFile('utf8');
  } catch {
    return null;
  }
}

function codeOf(thrown: unknown): string {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : String(thrown);
}
