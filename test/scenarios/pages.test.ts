import { describe } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { runScenarios } from '../harness/fleet.ts';
import { pages } from './pages.ts';

describe('pages, SQLite master', () => runScenarios(pages, createSqliteDatabase));
