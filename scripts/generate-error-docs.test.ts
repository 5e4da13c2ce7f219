import { describe, expect, it } from 'vitest';
import { errorCodes } from '../common/core/error-codes.ts';
import { renderErrorDocs } from './generate-error-docs.ts';

describe('renderErrorDocs', () => {
  it('has one row for every code', () => {
    const rows = renderErrorDocs().match(/^\| `\w+` \|/gm);
    expect(rows).toEqual(Object.keys(errorCodes).map((code) => `| \`${code}\` |`));
  });

  it('shows status, exit code and retry, and keeps bars from ending a cell', () => {
    const page = renderErrorDocs({
      one: { meaning: 'a|b', remedy: 'Do.', status: 409, exit: 77, retryable: false },
      two: { meaning: 'c', remedy: 'Wait.', exit: 74, retryable: true },
    });
    expect(page).toContain('| `one` | 409 | 77 | no | a\\|b | Do. |');
    expect(page).toContain('| `two` | – | 74 | yes | c | Wait. |');
  });
});
