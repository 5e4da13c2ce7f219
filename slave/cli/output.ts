import { safeJson } from '../../common/core/safe-json.ts';
import { safeText } from '../../common/core/safe-text.ts';

/** Where a command writes: results to standard output, progress and remarks to standard error. */
export interface CliOutput {
  /** Columns of the terminal; undefined where output goes to a file or a pipe. */
  readonly width: number | undefined;
  /** Whether a person sits there who can be asked. */
  readonly isInteractive: boolean;
  /** Lines of a result. They must be safe already: see {@link shown}. */
  lines(lines: readonly string[]): void;
  /** The one JSON document of a `--json` run. */
  json(document: unknown): void;
  /** A remark for people; not part of the result. */
  remark(text: string): void;
  /** Shows what is going on in one line that is written over; only on a terminal. */
  progress(text: string): void;
  /** Takes the progress line away. */
  clearProgress(): void;
  /** Asks a person; false without one, and for every answer but yes. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
}

/** Makes text from elsewhere (rows, names, messages of a master) safe to write (P17). */
export function shown(text: string, maxWidth?: number): string {
  return safeText(text, maxWidth);
}

/** The process's own terminal, or the pipes in its place. */
export interface TerminalPort {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Writes to the process's own streams. */
export function createTerminalOutput(port: TerminalPort): CliOutput {
  const isTerminal = port.stderr.isTTY;
  let isLineOpen = false;
  const clearProgress = (): void => {
    if (isLineOpen) port.stderr.write('\r\u001b[K');
    isLineOpen = false;
  };
  return {
    width: port.stdout.isTTY ? port.stdout.columns : undefined,
    isInteractive: port.stdin.isTTY && isTerminal,
    lines: (lines) => {
      clearProgress();
      port.stdout.write(lines.map((line) => `${line}\n`).join(''));
    },
    json: (document) =>
      void port.stdout.write(`${safeJson(document, port.stdout.isTTY ? 2 : 0)}\n`),
    remark: (text) => {
      clearProgress();
      port.stderr.write(`${text}\n`);
    },
    progress: (text) => {
      if (!isTerminal) return;
      isLineOpen = true;
      port.stderr.write(`\r\u001b[K${shown(text, Math.max(10, port.stderr.columns - 1))}`);
    },
    clearProgress,
    confirm: async (question, signal) => {
      clearProgress();
      return await ask(port, question, signal);
    },
  };
}

async function ask(
  { stdin, stderr }: TerminalPort,
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!stdin.isTTY || !stderr.isTTY) return false;
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
