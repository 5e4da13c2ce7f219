import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { exactlyOnce } from './exactly-once.ts';

describe('repetitions, SQLite master', () => runScenarios(exactlyOnce, createSqliteDatabase));
