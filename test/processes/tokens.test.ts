import { describe, expect, it } from 'vitest';
import { expectConverged } from '../harness/contents.ts';
import { MasterFolder, SlaveFolder } from '../harness/processes.ts';

interface TokenList {
  readonly tokens: readonly {
    readonly id: string;
    readonly name: string;
    readonly revoked_at: string | null;
  }[];
}

describe('tokens', { timeout: 120_000 }, () => {
  it('F30 P10 B82 F42 revoking acts at once on a running slave, which keeps its work and goes on with a new token', async () => {
    const master = new MasterFolder();
    const { url } = await master.serve();
    const first = await master.token('create', 'till-1');
    const env = { MASTER_URL: url, SYNC_TOKEN: first, SYNC_INTERVAL: '0.1' };
    const slave = new SlaveFolder(env);
    await slave.run('db:migrate');
    const daemon = await slave.startDaemon();
    await slave.isSynced();

    // Two are valid at once, so that a slave can change over without a gap. Other databases under the name are told so.
    const second = await master.token('rotate', 'till-1');
    for (const token of [first, second]) {
      const beside = new SlaveFolder({ MASTER_URL: url, SYNC_TOKEN: token });
      await beside.run('db:migrate');
      expect(await beside.json('verify')).toMatchObject({ code: 'slave_forked' });
    }
    const { tokens } = await master.json<TokenList>('token', 'list');
    expect(tokens.map(({ revoked_at }) => revoked_at)).toEqual([null, null]);
    expect(JSON.stringify(tokens)).not.toContain(second);

    expect(await master.json('token', 'revoke', 'till-1')).toMatchObject({ exitCode: 0 });
    await slave.stock('lamp');
    await slave.shows({ status: 'failed', last_error_code: 'auth_invalid', pending_records: 1 });
    expect(await slave.outboxCount()).toBe(1);
    expect(daemon.hasEnded).toBe(false);

    expect(await master.json('token', 'create', 'till-1')).toMatchObject({ exitCode: 0 });
    const third = await master.token('rotate', 'till-1');
    await daemon.stop('SIGTERM');
    slave.env = { ...env, SYNC_TOKEN: third };
    await slave.startDaemon();
    await slave.isSynced();
    await expectConverged(master, slave);
  });

  it('P17 a token is shown once and names its slave', async () => {
    const master = new MasterFolder();
    const { url } = await master.serve();
    const created = await master.json<{ token: string; name: string }>('token', 'create', 'till-1');
    expect(created).toMatchObject({ exitCode: 0, name: 'till-1' });
    const again = await master.json('token', 'create', 'till-1');
    expect(again).toMatchObject({ exitCode: 77, code: 'sync_refused' });
    const impostor = new SlaveFolder({
      MASTER_URL: url,
      SYNC_TOKEN: created.token,
      SLAVE_NAME: 'till-9',
    });
    await impostor.run('db:migrate');
    expect(await impostor.json('sync:run')).toMatchObject({ error: { code: 'slave_mismatch' } });
    for (const words of [['token', 'list'], ['slaves'], ['config']]) await master.run(...words);
    const shown = master.recordings.filter(({ text }) => text.includes(created.token));
    expect(shown.map(({ words }) => words.slice(0, 2))).toEqual([['token', 'create']]);
  });
});
