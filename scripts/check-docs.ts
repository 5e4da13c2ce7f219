import { existsSync, globSync, readFileSync } from 'node:fs';
import { findBrokenLinks } from './checks/find-broken-links.ts';
import { findUndocumented } from './checks/find-undocumented.ts';
import { ERROR_DOCS_PATH, renderErrorDocs } from './generate-error-docs.ts';

/** Interfaces whose comments are the contract that adapters are written to. */
const PORTS = [
  'common/storage/*.ts',
  'slave/transport/master-client.ts',
  'slave/control/control.ts',
];
const NOT_OURS = ['node_modules/**', '**/node_modules/**', 'dist/**', 'coverage/**', 'storage/**'];

/** Everything that is wrong with the docs, one line each, with file, place and what to do. */
function findFaults(): readonly string[] {
  return [...undocumentedFaults(), ...linkFaults(), ...errorDocsFaults()];
}

function undocumentedFaults(): readonly string[] {
  const ports = new Set(globSync(PORTS).filter(isSource));
  const files = new Set([...globSync('common/**/*.ts').filter(isSource), ...ports]);
  return [...files]
    .toSorted()
    .flatMap((path) =>
      findUndocumented(path, readFileSync(path, 'utf8'), { members: ports.has(path) }).map(
        ({ line, name }) => `${path}:${line}: ${name} has no doc comment`,
      ),
    );
}

function linkFaults(): readonly string[] {
  const pages = globSync('**/*.md', { exclude: NOT_OURS });
  return pages
    .toSorted()
    .flatMap((page) =>
      findBrokenLinks(page).map(({ target, reason }) => `${page}: link to ${target}: ${reason}`),
    );
}

function errorDocsFaults(): readonly string[] {
  const present = existsSync(ERROR_DOCS_PATH) ? readFileSync(ERROR_DOCS_PATH, 'utf8') : '';
  return present === renderErrorDocs() ? [] : [`${ERROR_DOCS_PATH} is out of date: npm run docs`];
}

function isSource(path: string): boolean {
  return !/\.(test|contract|testkit)\.ts$/.test(path);
}

const faults = findFaults();
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
