import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { strangeKeys } from './strange-keys.ts';

describe('strange keys, SQLite master', () => {
  runScenarios(strangeKeys, createSqliteDatabase);
});
