import { expect } from 'vitest';
import { htmlPage, redirectTo, refusal, type Fault } from '../../common/testkit/fault.ts';
import type { SlaveStatus } from '../../slave/control/control.ts';
import { projectStatus } from '../../slave/control/project-status.ts';
import type { FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  valueOf,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertItems, moveStock } from './items.ts';

/** What stands between a slave and its master, or answers in its place. */
export const badLines: Scenarios = {
  'S36 P10 a proxy that takes small bodies only gets small ones, and everything arrives': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await a.app.run(insertItems('x', 100));
    a.proxy.script(({ body }) => (body.length > 1500 ? refusal(413) : undefined));
    const notices: string[] = [];
    const report = await a.sync({
      onProgress: (event) => {
        if (event.kind === 'notice') notices.push(event.code);
      },
    });
    expect(report.error).toBe(null);
    expect(notices).toContain('body_too_large');
    expect(await a.pending()).toBe(0);
    await expectSettled(fleet);
    expect((await idsOf(fleet.master.sql, 'inventories')).length).toBe(100);
  },

  'S36 P2 a batch that was taken, but refused for its size when it came again, counts once': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('i', 100));
    await syncAll(fleet);
    await a.app.script(`${moveStock('i', -1)}; ${insertItem('gone')}; ${moveStock('i', -2)}`);
    a.proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
    await a.sync();
    await a.app.script(`DELETE FROM inventories WHERE id = 'gone'; ${moveStock('i', -4)}`);
    let refusals = 1;
    a.proxy.script(({ url }) => {
      if (!url.includes('upload') || refusals === 0) return undefined;
      refusals -= 1;
      return refusal(413);
    });
    await syncWell(a);
    await expectSettled(fleet);
    expect(await valueOf(b.app, 'inventories', 'i', 'quantity')).toBe('93');
  },

  'S36 P6 one row that is too large for the master is set aside, the others arrive': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'], settings: { maxBodyBytes: 65_536 } });
    const [a, b] = pair(fleet);
    const noise = Array.from({ length: 4000 }, (_, n) => (n * 2654435761).toString(36)).join(' ');
    await a.app.run(insertItems('x', 50));
    await a.app.run(insertItem('large', 1, noise.repeat(3)));
    await a.app.run(insertItems('y', 50));
    await syncAll(fleet);
    expect(await a.rejected()).toEqual(['row_too_large']);
    expect((await idsOf(b.app, 'inventories')).length).toBe(100);
  },

  'S37 P10 a login page is never taken for an answer, and the sync goes on when it is gone': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await syncAll(fleet);
    await a.app.run(insertItem('i'));
    await b.app.run(insertItem('j'));
    await syncWell(b);
    const before = await a.state();
    const pages: readonly (readonly [Fault, string])[] = [
      [htmlPage, 'transport_not_a_master'],
      [redirectTo('http://login.example/'), 'transport_redirect_refused'],
      [
        {
          kind: 'replace',
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '{}',
        },
        'transport_not_a_master',
      ],
    ];
    for (const [page, code] of pages) {
      a.proxy.script(() => page);
      const report = await a.sync();
      expect([report.outcome, report.error?.code]).toEqual(['failed', code]);
      expect([await a.pending(), (await a.state()).cursor]).toEqual([1, before.cursor]);
      expect(await idsOf(a.app, 'inventories')).toEqual(['i']);
    }
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
  },

  'S40 a master of another protocol version is refused, and the outbox is kept': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await syncAll(fleet);
    await a.app.run(insertItem('i'));
    const newer = await fetch(`${fleet.master.url}/api/sync/download`, {
      headers: { 'sync-protocol': '99', 'sync-incarnation': 'newer', 'sync-slave': 'newer' },
    });
    expect(newer.status).toBe(426);
    const headers = Object.fromEntries(newer.headers);
    const body = await newer.text();
    expect((JSON.parse(body) as { code: string }).code).toBe('protocol_version');
    a.proxy.script(() => ({ kind: 'replace', status: 426, headers, body }));
    const report = await a.sync();
    expect(report.error?.code).toBe('protocol_version');
    expect(await a.pending()).toBe(1);
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
  },

  'P10 P14 while requests fail the status says so, and pending is what the outbox holds': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await syncAll(fleet);
    await b.app.run(insertItem('theirs'));
    await syncWell(b);
    const faults: readonly Fault[] = [
      { kind: 'drop-request' },
      { kind: 'drop-response' },
      { kind: 'cut', afterBytes: 90, end: 'rst' },
      refusal(503, '1'),
      refusal(502),
      refusal(429, '1'),
      refusal(504),
    ];
    for (const [count, fault] of faults.entries()) {
      await a.app.run(insertItem(`ours-${count}`));
      expect((await statusOf(a)).status).not.toBe('success');
      a.proxy.script(({ url }) => (url.includes('upload') ? fault : undefined));
      const report = await a.sync();
      expect(report.outcome).toBe('failed');
      const status = await statusOf(a);
      expect([status.status, status.pendingRecords, report.pending]).toEqual([
        'failed',
        count + 1,
        count + 1,
      ]);
      expect(await a.pending()).toBe(count + 1);
      expect(status.retryCount).toBe(count + 1);
    }
    a.proxy.script(() => undefined);
    await syncWell(a);
    const status = await statusOf(a);
    expect([status.status, status.pendingRecords, status.lastError]).toEqual(['success', 0, null]);
    await expectSettled(fleet);
  },

  'P10 an upload that cannot get through does not stop the news of others': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('ours'));
    a.proxy.script(({ url }) => (url.includes('upload') ? refusal(502) : undefined));
    await b.app.run(insertItem('theirs'));
    await syncWell(b);
    expect((await a.sync()).outcome).toBe('failed');
    expect(await idsOf(a.app, 'inventories')).toEqual(['ours', 'theirs']);
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
  },
};

/** What `sync:status` shows. */
async function statusOf({ deps, name }: FleetSlave): Promise<SlaveStatus> {
  const facts = await deps.store.read(async (tx) => ({
    state: await tx.state(),
    pendingRecords: await tx.pendingCount(),
    rejectedRecords: await tx.rejectedCount(),
    tables: await tx.tableCounts(),
  }));
  return projectStatus({
    ...facts,
    running: false,
    enabled: true,
    slaveName: name,
    masterUrl: '',
    daemon: null,
  });
}
