import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { values } from './values.ts';

describe('values, SQLite master', () => runScenarios(values, createSqliteDatabase));
