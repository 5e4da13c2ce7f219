import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { matrix } from './matrix.ts';

describe('edits that meet, SQLite master', () => runScenarios(matrix, createSqliteDatabase));
