import type { SyncReport } from '../../common/core/sync-report.ts';
import { DemoFailure } from './demo-failure.ts';
import type { Region } from './read-sales.ts';
import { inEveryShop, type Shop, type Stage } from './stage.ts';

/** What one shop exchanged with the master over all its rounds. */
export interface Traffic {
  readonly region: Region;
  readonly sent: number;
  readonly received: number;
  /** Sent records that met changes of others in the same row, without contradiction. */
  readonly merged: number;
  readonly conflicts: number;
  /** Changes that are set aside now. */
  readonly setAside: number;
}

/** More rounds than any calm needs. */
const MAX_ROUNDS = 10;

/** One sync in every shop, all at once. */
export function syncAll(
  stage: Stage,
  onDone: (done: number) => void,
): Promise<readonly SyncReport[]> {
  let done = 0;
  return inEveryShop(stage, async (shop) => {
    const report = await sync(stage, shop);
    done += 1;
    onDone(done);
    return report;
  });
}

/** What to do and to tell between the rounds. */
export interface RoundListener {
  /** Told how far the present round is. */
  onProgress(detail: string): void;
  /** Called after the first round, before the second begins. */
  afterFirst(traffic: readonly Traffic[]): Promise<void>;
}

/**
 * Lets all shops sync at once, again and again, until nobody has anything to send: who downloaded in such a round has
 * everything.
 *
 * @throws DemoFailure when it does not become quiet.
 */
export async function syncUntilQuiet(
  stage: Stage,
  listener: RoundListener,
): Promise<{ readonly rounds: number; readonly traffic: readonly Traffic[] }> {
  let traffic: readonly Traffic[] = stage.shops.map(({ region }) => emptyTraffic(region));
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const tell = (done: number): void =>
      listener.onProgress(`round ${round}, ${done} of ${stage.shops.length} done`);
    tell(0);
    const reports = await syncAll(stage, tell);
    traffic = traffic.map((own, index) => addReport(own, reports[index]));
    if (round === 1) await listener.afterFirst(traffic);
    else if (reports.every(isQuiet)) return { rounds: round, traffic };
  }
  throw new DemoFailure(`after ${MAX_ROUNDS} rounds there is still something to sync`);
}

async function sync({ processes }: Stage, shop: Shop): Promise<SyncReport> {
  // The failed attempt without a line would otherwise be waited out.
  return (await processes.runJson('slave', ['sync:run', '--force'], shop.settings)) as SyncReport;
}

function emptyTraffic(region: Region): Traffic {
  return { region, sent: 0, received: 0, merged: 0, conflicts: 0, setAside: 0 };
}

function addReport(traffic: Traffic, report: SyncReport | undefined): Traffic {
  if (report === undefined) return traffic;
  const { uploaded, downloaded } = report;
  return {
    region: traffic.region,
    sent: traffic.sent + uploaded.records,
    received: traffic.received + downloaded.records,
    merged: traffic.merged + uploaded.merged,
    conflicts: traffic.conflicts + uploaded.conflicts,
    setAside: report.rejected,
  };
}

function isQuiet({ uploaded, pending }: SyncReport): boolean {
  return uploaded.records === 0 && pending === 0;
}
