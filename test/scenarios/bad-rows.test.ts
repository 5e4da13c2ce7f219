import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { badRows } from './bad-rows.ts';

describe('bad rows, SQLite master', () => runScenarios(badRows, createSqliteDatabase));
