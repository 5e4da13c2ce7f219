import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { storm } from './storm.ts';

describe('a storm, SQLite master', () => runScenarios(storm, createSqliteDatabase));
