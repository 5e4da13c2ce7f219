import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { localWork } from './local-work.ts';

describe('local work, SQLite master', () => runScenarios(localWork, createSqliteDatabase));
