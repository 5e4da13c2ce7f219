import { findFaults, readBooks, type Books } from './books.ts';
import { buildCatalogue, type Product } from './catalogue.ts';
import { DemoFailure } from './demo-failure.ts';
import { uploadCatalogue } from './head-office.ts';
import { fromUnits, toUnits } from './money.ts';
import { expectedStock, planEdits, type EditPlan } from './plan-edits.ts';
import type { Progress } from './progress.ts';
import { groupOrders, readSales, type Order, type Sale } from './read-sales.ts';
import { grouped, type DemoResult } from './report.ts';
import { countStock, editProducts, sellOrders, setPrice } from './shop.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';
import {
  buildStage,
  inEveryShop,
  nameOf,
  restartMaster,
  type Shop,
  type Stage,
  type StageOptions,
} from './stage.ts';
import { syncAll, syncUntilQuiet, type Traffic } from './sync-rounds.ts';
import { countConflicts, tellExamples } from './tell-conflicts.ts';

/** What is to happen. */
interface Script {
  readonly sales: readonly Sale[];
  readonly orders: readonly Order[];
  readonly catalogue: readonly Product[];
  readonly plan: EditPlan;
}

/** How the syncs after the offline time went. */
interface Reunion {
  readonly stage: Stage;
  readonly traffic: readonly Traffic[];
  readonly rounds: number;
  readonly syncMs: number;
}

/** Exit code of a slave that cannot reach its master. */
const UNREACHABLE = 69;

/**
 * A master and four shops: the shops load the catalogue, lose the line, sell everything that the sales file holds and
 * contradict each other, get the line back, sync, and are checked.
 *
 * @returns what happened, and the stage with the master running.
 * @throws DemoFailure when anything does not add up.
 */
export async function runDemo(
  options: StageOptions,
  progress: Progress,
): Promise<{ readonly stage: Stage; readonly result: DemoResult }> {
  const startedAt = performance.now();
  const script = await progress.step('reading the sales', readScript);
  const opened = await progress.step('starting a master and preparing four shops', () =>
    buildStage(options),
  );
  await loadCatalogue(opened, script, progress);
  await progress.step('the line goes down: the master stops', () => opened.master.stop());
  await sellOffline(opened, script, progress);
  const reunion = await reunite(opened, script, progress);
  const books = await check(reunion.stage, script, progress);
  const result = { ...describe(script, reunion, books), totalMs: performance.now() - startedAt };
  return { stage: reunion.stage, result };
}

async function readScript(): Promise<Script> {
  const sales = await readSales();
  const orders = groupOrders(sales);
  const catalogue = buildCatalogue(sales);
  return { sales, orders, catalogue, plan: planEdits(orders, catalogue) };
}

async function loadCatalogue(
  stage: Stage,
  { catalogue }: Script,
  progress: Progress,
): Promise<void> {
  await progress.step(`head office loads ${grouped(catalogue.length)} products at the master`, () =>
    uploadCatalogue(stage.office, catalogue, stage.signal),
  );
  await progress.step('the shops load them from there', (update) =>
    syncAll(stage, (done) => update(`${done} of ${stage.shops.length} done`)),
  );
}

async function sellOffline(stage: Stage, script: Script, progress: Progress): Promise<void> {
  const { orders, plan } = script;
  const files = await inEveryShop(stage, async (shop) => ({
    shop,
    file: await openSqliteFile(shop.databaseFile, 'write'),
  }));
  const fileOf = (shop: Shop['region']): SqliteFile => {
    const found = files.find((entry) => entry.shop.region === shop);
    if (found === undefined) throw new DemoFailure(`there is no shop ${shop}`);
    return found.file;
  };
  try {
    await countStock(fileOf(plan.countBefore.region), plan.countBefore);
    await progress.step('the shops sell offline', async (update) => {
      let sold = 0;
      const tell = (lines: number): void => {
        sold += lines;
        update(`${grouped(sold)} of ${grouped(script.sales.length)} sales`);
      };
      const ownOrders = (shop: Shop): readonly Order[] =>
        orders.filter((order) => order.region === shop.region);
      await Promise.all(
        files.map(({ shop, file }) => sellOrders(file, ownOrders(shop), tell, stage.signal)),
      );
    });
    for (const { shop, file } of files) await editProducts(file, shop.region, plan);
    await countStock(fileOf(plan.countAfter.region), plan.countAfter);
  } finally {
    await Promise.all(files.map(({ file }) => file.close()));
  }
  await progress.step('one tries to sync in vain', () => syncInVain(stage));
}

async function syncInVain({ processes, shops }: Stage): Promise<void> {
  const [shop] = shops;
  if (shop === undefined) return;
  const { exitCode, stdout, stderr } = await processes.run(
    'slave',
    ['sync:run', '--json'],
    shop.settings,
  );
  if (exitCode === UNREACHABLE) return;
  throw new DemoFailure(
    `a sync without a master ended with exit code ${exitCode ?? 'none'}, not ${UNREACHABLE}`,
    [stdout, stderr],
  );
}

async function reunite(offline: Stage, { plan }: Script, progress: Progress): Promise<Reunion> {
  const stage = await progress.step('the line is back: the master starts', () =>
    restartMaster(offline),
  );
  const startedAt = performance.now();
  const { rounds, traffic } = await progress.step('all shops sync at once', (update) =>
    syncUntilQuiet(stage, {
      onProgress: update,
      afterFirst: async (first) => {
        const setAside = sumSetAside(first);
        if (setAside !== 1)
          throw new DemoFailure(
            `${setAside} rows were set aside, it must be the one with the wrong price`,
          );
        await correctPrice(stage, plan.typo);
      },
    }),
  );
  if (sumSetAside(traffic) > 0) {
    const list = traffic.map((own) => `${nameOf(own.region)}: ${own.setAside}`);
    throw new DemoFailure('rows are still set aside', list);
  }
  return { stage, traffic, rounds, syncMs: performance.now() - startedAt };
}

function sumSetAside(traffic: readonly Traffic[]): number {
  return traffic.reduce((sum, own) => sum + own.setAside, 0);
}

async function correctPrice({ shops }: Stage, typo: EditPlan['typo']): Promise<void> {
  const shop = shops.find(({ region }) => region === typo.region);
  if (shop === undefined) throw new DemoFailure(`there is no shop ${typo.region}`);
  const file = await openSqliteFile(shop.databaseFile, 'write');
  try {
    await setPrice(file, typo.productId, typo.right);
  } finally {
    await file.close();
  }
}

async function check(
  stage: Stage,
  { sales, catalogue, plan }: Script,
  progress: Progress,
): Promise<readonly Books[]> {
  const books = await progress.step(
    'checking sales, stock and digests of five databases',
    async () => {
      const all = await Promise.all([
        readBooks('master', stage.masterDatabaseFile),
        ...stage.shops.map((shop) => readBooks(nameOf(shop.region), shop.databaseFile)),
      ]);
      const expected = { sales, stock: expectedStock(catalogue, plan) };
      const faults = all.flatMap((own) => findFaults(own, expected));
      const digests = new Set(all.map(({ digest }) => digest));
      if (digests.size > 1)
        faults.push(...all.map(({ name, digest }) => `${name}: digest ${digest}`));
      if (faults.length > 0) throw new DemoFailure('the books do not add up', faults);
      return all;
    },
  );
  await progress.step('every shop compares itself with the master', () =>
    inEveryShop(stage, (shop) => stage.processes.runJson('slave', ['verify'], shop.settings)),
  );
  return books;
}

function describe(
  script: Script,
  reunion: Reunion,
  books: readonly Books[],
): Omit<DemoResult, 'totalMs'> {
  const { sales, orders, catalogue, plan } = script;
  const [master] = books;
  const conflicts = master?.conflicts ?? [];
  return {
    receipts: orders.length,
    sales: sales.length,
    turnover: fromUnits(sales.reduce((sum, sale) => sum + toUnits(sale.total), 0n)),
    shops: reunion.traffic.map(({ setAside: _none, ...own }) => ({
      ...own,
      receipts: orders.filter((order) => order.region === own.region).length,
      sales: sales.filter((sale) => sale.region === own.region).length,
    })),
    rounds: reunion.rounds,
    syncMs: reunion.syncMs,
    typo: { ...plan.typo, shop: plan.typo.region },
    conflicts: countConflicts(conflicts),
    examples: tellExamples(conflicts, plan, master?.products ?? new Map()),
    products: catalogue.length,
    units: sales.reduce((sum, sale) => sum + sale.quantity, 0),
    missing: plan.countBefore.missing + plan.countAfter.missing,
    digests: books.map(({ name, digest }) => ({ name, digest })),
  };
}
