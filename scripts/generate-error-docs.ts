import { writeFileSync } from 'node:fs';
import { errorCodes, type ErrorCodeDefinition } from '../common/core/error-codes.ts';

/** Where the page lies, from the repository's root. */
export const ERROR_DOCS_PATH = 'docs/errors.md';

const INTRODUCTION = `# Error codes

<!-- Generated from common/core/error-codes.ts by \`npm run docs\`. Change the codes there. -->

Every error has one of these codes. It is the same in a master's answer (\`code\` of the problem body), in the log, in
the status file, on the screen and in \`--json\`.

- **Status** is the HTTP status when a master answers with the code. Codes without one belong to a single record of an
  upload, or never cross the wire.
- **Exit** is the exit code of a command that ends with the code.
- **Retried** tells whether a slave tries again by itself.

| Code | Status | Exit | Retried | What happened | What to do |
| --- | --- | --- | --- | --- | --- |
`;

/** The page of all error codes, as Markdown. */
export function renderErrorDocs(
  codes: Readonly<Record<string, ErrorCodeDefinition>> = errorCodes,
): string {
  const rows = Object.entries(codes).map(([code, definition]) => renderRow(code, definition));
  return `${INTRODUCTION}${rows.join('\n')}\n`;
}

function renderRow(code: string, definition: ErrorCodeDefinition): string {
  const { status, exit, retryable, meaning, remedy } = definition;
  const cells = [`\`${code}\``, status ?? '–', exit, retryable ? 'yes' : 'no', meaning, remedy];
  return `| ${cells.map((cell) => `${cell}`.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

if (import.meta.main) writeFileSync(ERROR_DOCS_PATH, renderErrorDocs());
