import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { counters } from './counters.ts';

describe('stock, SQLite master', () => runScenarios(counters, createSqliteDatabase));
