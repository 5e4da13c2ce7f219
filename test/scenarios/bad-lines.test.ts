import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { badLines } from './bad-lines.ts';

describe('bad lines, SQLite master', () => runScenarios(badLines, createSqliteDatabase));
