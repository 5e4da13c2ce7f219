import { join } from 'node:path';
import { DemoFailure } from './demo-failure.ts';
import type { PlainClient } from './head-office.ts';
import { waitFor, type Daemon, type Processes, type Settings } from './processes.ts';
import { REGIONS, type Region } from './read-sales.ts';

/** One shop: a slave with its own folder and database. */
export interface Shop {
  readonly region: Region;
  readonly settings: Settings;
  readonly databaseFile: string;
}

/** The programs that take part, and where they keep what they have. */
export interface Stage {
  readonly processes: Processes;
  readonly signal: AbortSignal;
  /** The master that runs now. */
  readonly master: Daemon;
  readonly masterDatabaseFile: string;
  readonly office: PlainClient;
  readonly shops: readonly Shop[];
}

/** Where and with what to build a {@link Stage}. */
export interface StageOptions {
  readonly processes: Processes;
  readonly signal: AbortSignal;
  readonly folder: string;
  /** Port of the master; 0 takes a free one. */
  readonly port: number;
}

/** Name of the plain client that loads the catalogue. */
const OFFICE = 'office';

/** Starts a master, makes a token for each shop, and prepares the shops' databases. */
export async function buildStage(options: StageOptions): Promise<Stage> {
  const { processes, signal, folder } = options;
  const settings = {
    STORAGE_PATH: join(folder, 'master'),
    PORT: String(options.port),
    LOG_LEVEL: 'warn',
  };
  const { master, url } = await startMaster(processes, settings, signal);
  const makeToken = (name: string): Promise<string> => createToken(processes, settings, name);
  const [office, ...shops] = await Promise.all([
    makeToken(OFFICE),
    ...REGIONS.map(async (region) =>
      openShop(processes, { region, folder, url, token: await makeToken(nameOf(region)) }),
    ),
  ]);
  return {
    processes,
    signal,
    master,
    masterDatabaseFile: join(settings.STORAGE_PATH, 'master.sqlite'),
    office: { url, token: office },
    shops,
  };
}

/** Starts the stopped master again; with port 0 it has another address afterwards, and the shops are told. */
export async function restartMaster(stage: Stage): Promise<Stage> {
  const { processes, signal } = stage;
  const { master, url } = await startMaster(processes, stage.master.settings, signal);
  return {
    ...stage,
    master,
    office: { ...stage.office, url },
    shops: stage.shops.map((shop) => ({
      ...shop,
      settings: { ...shop.settings, MASTER_URL: url },
    })),
  };
}

/** Does something in every shop at once. */
export function inEveryShop<T>(
  { shops }: Stage,
  work: (shop: Shop) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(shops.map(work));
}

/** A shop's name as a slave, and of its folder. */
export function nameOf(region: Region): string {
  return region.toLowerCase();
}

async function startMaster(
  processes: Processes,
  settings: Settings,
  signal: AbortSignal,
): Promise<{ readonly master: Daemon; readonly url: string }> {
  const master = processes.start('master', ['start', '--json'], settings);
  const url = await waitFor(master, 'did not start', () => urlIn(master.output()), signal);
  return { master, url };
}

/** The address in the line that a master prints when it is ready. */
function urlIn(output: string): string | undefined {
  const [line, rest] = output.split('\n');
  return line === undefined || rest === undefined ? undefined : textIn(JSON.parse(line), 'url');
}

async function createToken(
  processes: Processes,
  settings: Settings,
  name: string,
): Promise<string> {
  return textIn(await processes.runJson('master', ['token', 'create', name], settings), 'token');
}

async function openShop(
  processes: Processes,
  {
    region,
    folder,
    url,
    token,
  }: {
    readonly region: Region;
    readonly folder: string;
    readonly url: string;
    readonly token: string;
  },
): Promise<Shop> {
  const storagePath = join(folder, nameOf(region));
  const settings = {
    STORAGE_PATH: storagePath,
    MASTER_URL: url,
    SYNC_TOKEN: token,
    LOG_LEVEL: 'warn',
  };
  await processes.runJson('slave', ['db:migrate'], settings);
  return { region, settings, databaseFile: join(storagePath, 'slave.sqlite') };
}

function textIn(document: unknown, field: string): string {
  const value = (document as Readonly<Record<string, unknown>>)[field];
  if (typeof value !== 'string')
    throw new DemoFailure(`a program printed no ${field}: ${JSON.stringify(document)}`);
  return value;
}
