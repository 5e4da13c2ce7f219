/**
 * Measures the first load of a slave against the raw insert of the same rows, in one run:
 * `npm run bench:first-load -- --rows 100000 --rounds 3 --ids v4`. Ids in the order of time (v7, the default) make
 * the raw insert three times faster than random ones (v4), so they are the harder yardstick. Prints one JSON document.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { registerTables } from '../../common/core/table-registry.ts';
import { randomId, uuidV7 } from '../../common/runtime/random-id.ts';
import { sqliteTable } from '../../common/storage/sequelize/dialects/sqlite-table.ts';
import { migrateMaster } from '../../common/storage/sequelize/migrations/migrate-master.ts';
import { openDatabase } from '../../common/storage/sequelize/open-database.ts';
import { encodeRows } from '../../common/storage/sequelize/row-codec.ts';
import { inventories } from '../../common/tables/inventories.ts';
import { tableDefinitions } from '../../common/tables/registry.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    ids: { type: 'string', default: 'v7' },
  },
});
const rowCount = Number(values.rows);
const BATCH = 1000;

interface Round {
  readonly rawMs: number;
  readonly loadMs: number;
  readonly ratio: number;
  readonly masterPeakMb: number;
  readonly slavePeakMb: number;
}

const rounds: Round[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await measure());
const middle = [...rounds].sort((a, b) => a.ratio - b.ratio)[rounds.length >> 1];
process.stdout.write(`${JSON.stringify({ rows: rowCount, median: middle, rounds }, null, 2)}\n`);

async function measure(): Promise<Round> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewater-bench-'));
  try {
    const rows = makeRows();
    const rawMs = await rawInsert(folder, rows);
    await fillMaster(folder, rows);
    const loaded = await load(folder);
    return { rawMs, ...loaded, ratio: Math.round((loaded.loadMs / rawMs) * 100) / 100 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeRows() {
  return Array.from({ length: rowCount }, (_, index) => ({
    id: values.ids === 'v4' ? randomUUID() : uuidV7(),
    sku: `SKU-${index}`,
    name: `Product ${index} of the benchmark`,
    description: 'A description of ordinary length, as shops write them for their shelves',
    quantity: index % 500,
    unit_price: `${index % 90}.9900`,
    location: `Aisle ${index % 40}`,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
  }));
}

/** The yardstick: a bare `INSERT ... SELECT FROM jsonb_each` into the same table, a transaction a batch, no capture. */
async function rawInsert(folder: string, rows: ReturnType<typeof makeRows>): Promise<number> {
  const database = await openDatabase({ url: `sqlite:${join(folder, 'raw.sqlite')}` });
  await database.write(async (sql) => {
    for (const statement of sqliteTable.createTable(inventories)) await sql.run(statement);
  });
  const startedMs = performance.now();
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = encodeRows(inventories, rows.slice(from, from + BATCH));
    await database.write((sql) => sql.run(sqliteTable.insertRows(inventories), [batch]));
  }
  const rawMs = performance.now() - startedMs;
  await database.close();
  return Math.round(rawMs);
}

async function fillMaster(folder: string, rows: ReturnType<typeof makeRows>): Promise<void> {
  const database = await openDatabase({ url: `sqlite:${join(folder, 'master', 'master.sqlite')}` });
  await migrateMaster(database, registerTables(tableDefinitions), {
    nowIso: new Date().toISOString(),
    randomId,
  });
  for (let from = 0; from < rows.length; from += 5000) {
    const batch = encodeRows(inventories, rows.slice(from, from + 5000));
    await database.write((sql) => sql.run(sqliteTable.insertRows(inventories), [batch]));
  }
  await database.close();
}

async function load(folder: string): Promise<Omit<Round, 'rawMs' | 'ratio'>> {
  const master = startProgram('master/main.ts', ['start', '--json'], {
    STORAGE_PATH: join(folder, 'master'),
    PORT: '0',
  });
  const { url } = JSON.parse(await master.firstLine) as { url: string };
  const slaveEnvironment = {
    STORAGE_PATH: join(folder, 'slave'),
    MASTER_URL: url,
    SLAVE_NAME: 'bench',
  };
  await startProgram('slave/main.ts', ['db:migrate'], slaveEnvironment).finished;
  const slave = startProgram('slave/main.ts', ['sync:run', '--json'], slaveEnvironment);
  const report = JSON.parse(await slave.finished) as {
    outcome: string;
    durationMs: number;
    downloaded: { records: number };
  };
  if (report.outcome !== 'success' || report.downloaded.records !== rowCount) {
    throw new Error(`the load did not bring all rows: ${JSON.stringify(report)}`);
  }
  const loadMs = report.durationMs;
  const masterPeakMb = master.peakMb();
  master.stop();
  await master.finished;
  return { loadMs, masterPeakMb, slavePeakMb: slave.peakMb() };
}

function startProgram(file: string, args: readonly string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../..', file), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let peakKb = 0;
  const lines = createInterface({ input: child.stdout });
  const firstLine = new Promise<string>((resolve) => lines.once('line', resolve));
  lines.on('line', (line) => (output += `${line}\n`));
  const watch = setInterval(() => {
    peakKb = Math.max(peakKb, readPeakKb(child.pid));
  }, 50);
  const finished = new Promise<string>((resolve) =>
    child.once('close', () => {
      clearInterval(watch);
      resolve(output);
    }),
  );
  return {
    firstLine,
    finished,
    peakMb: () => Math.round(peakKb / 1024),
    stop: () => child.kill('SIGTERM'),
  };
}

/** Peak resident memory of a process, as the kernel counts it. */
function readPeakKb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
