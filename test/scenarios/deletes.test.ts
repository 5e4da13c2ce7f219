import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { deletes } from './deletes.ts';

describe('deletions, SQLite master', () => runScenarios(deletes, createSqliteDatabase));
