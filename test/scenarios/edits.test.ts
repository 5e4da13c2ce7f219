import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { edits } from './edits.ts';

describe('everyday edits, SQLite master', () => runScenarios(edits, createSqliteDatabase));
