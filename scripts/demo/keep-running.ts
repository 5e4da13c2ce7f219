import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DemoFailure } from './demo-failure.ts';
import { findKept, KEPT_FOLDER, writeKept, type KeptProcess } from './kept-processes.ts';
import { projectRoot, waitFor, type Settings } from './processes.ts';
import { REGIONS } from './read-sales.ts';
import { inEveryShop, nameOf, type Shop, type Stage } from './stage.ts';

/** The port that the README's examples use. */
export const README_PORT = 8080;

/** Short, so that the shops show soon what an example sends to the master. */
const INTERVAL_MINUTES = '0.2';

/**
 * Makes the folder of a demo that goes on running, without what an earlier one left there.
 *
 * @throws DemoFailure when an earlier one still runs, or the folder holds what no demo made.
 */
export async function prepareKeptFolder(): Promise<string> {
  const running = await findKept();
  if (running.length > 0) {
    const list = running.map(({ name, pid }) => `${name}: process ${pid}`);
    throw new DemoFailure('an earlier demo still runs; stop it with `npm run demo:stop`', list);
  }
  const folder = join(projectRoot, KEPT_FOLDER);
  const own = new Set(['master', ...REGIONS.map(nameOf), 'cache', 'token', 'processes.json']);
  const strange = existsSync(folder) ? readdirSync(folder).filter((name) => !own.has(name)) : [];
  if (strange.length > 0) {
    throw new DemoFailure(`${KEPT_FOLDER} holds files of others, so it is not cleared`, strange);
  }
  rmSync(folder, { recursive: true, force: true });
  return folder;
}

/** The port of the README if nobody uses it, else 0. */
export function choosePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(README_PORT, '127.0.0.1', () => {
      probe.close(() => resolve(README_PORT));
    });
  });
}

/** Starts the shops' daemons and leaves everything running. @returns what to tell about it. */
export async function keepRunning(stage: Stage): Promise<readonly string[]> {
  const folder = join(projectRoot, KEPT_FOLDER);
  const token = join(folder, 'token');
  writeFileSync(token, `${stage.office.token}\n`, { mode: 0o600 });
  const shops = await inEveryShop(stage, (shop) => startDaemon(stage, shop));
  writeKept([{ name: 'master', program: 'master', pid: stage.master.pid }, ...shops]);
  stage.processes.release();
  return keptLines(stage);
}

async function startDaemon(stage: Stage, shop: Shop): Promise<KeptProcess> {
  const { LOG_LEVEL: _default, ...known } = shop.settings;
  const settings: Settings = {
    ...known,
    STORAGE_PATH: shop.settings.STORAGE_PATH,
    SYNC_INTERVAL: INTERVAL_MINUTES,
  };
  const daemon = stage.processes.start('slave', ['start'], settings);
  const hasStarted = async (): Promise<true | undefined> => {
    const status = await stage.processes.runJson('slave', ['sync:status'], settings);
    return (status as { readonly daemon: unknown }).daemon === null ? undefined : true;
  };
  await waitFor(daemon, 'did not start', hasStarted, stage.signal);
  return { name: nameOf(shop.region), program: 'slave', pid: daemon.pid };
}

function keptLines({ office, shops }: Stage): readonly string[] {
  const [shop] = shops;
  const folder = join(KEPT_FOLDER, shop === undefined ? '' : nameOf(shop.region));
  const isReadmePort = new URL(office.url).port === String(README_PORT);
  return [
    '',
    `The master and four shops go on running; the shops sync every ${Number(INTERVAL_MINUTES) * 60} seconds.`,
    `  master   ${office.url}${isReadmePort ? '' : ` (port ${README_PORT} is in use: change it in the examples of the README)`}`,
    `  folders  ${KEPT_FOLDER}/master, ${REGIONS.map(nameOf).join(', ')}`,
    `  token    ${KEPT_FOLDER}/token, of the plain client "office"`,
    '',
    'Look at them, here for one shop:',
    `  STORAGE_PATH=${folder} npx slave sync:status`,
    `  STORAGE_PATH=${folder} npx slave conflicts list`,
    `  STORAGE_PATH=${KEPT_FOLDER}/master npx master slaves`,
    `  curl -H "Authorization: Bearer $(cat ${KEPT_FOLDER}/token)" "${office.url}/api/sync/download?tables=inventories&limit=3"`,
    '',
    'Stop them:',
    '  npm run demo:stop',
  ];
}
