/**
 * An application at the till, in a process of its own: sells one piece after the other, each sale and its stock change
 * in one transaction, and writes a sale's id to the log only after the commit returned.
 * Called with: database file, inventory id, prefix of the sales' ids, log file.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { sellSql } from './sale-sql.ts';

const [file = '', inventoryId = '', prefix = '', logFile = ''] = process.argv.slice(2);
const connection = await openForeignConnection(`sqlite:${file}`);
const log = openSync(logFile, 'a');
process.on('SIGTERM', () => {
  closeSync(log);
  process.exit(0);
});
for (let number = 1; ; number += 1) {
  const id = `${prefix}-${number}`;
  await connection.script(sellSql(inventoryId, id));
  writeSync(log, `${id}\n`);
  fsyncSync(log);
  await sleep(5);
}
