import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { identity } from './identity.ts';

describe('copies and backups, SQLite master', () => runScenarios(identity, createSqliteDatabase));
