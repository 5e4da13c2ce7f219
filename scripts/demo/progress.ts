/** Tells what is going on: on a terminal in one line that is written over, else in plain lines. */
export interface Progress {
  /** Runs a step; when it has ended, a line says so and how long it took. */
  step<T>(title: string, work: (update: (detail: string) => void) => Promise<T>): Promise<T>;
}

const REDRAW_MS = 120;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Writes to a stream, usually standard error. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return {
    step: async (title, work) => {
      const startedAt = performance.now();
      let detail = '';
      const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      const line = startLine(
        stream,
        () => `${title}${detail === '' ? '' : `: ${detail}`} (${seconds()})`,
      );
      try {
        const result = await work((text) => {
          detail = text;
        });
        line.end('✓');
        return result;
      } catch (error) {
        line.end('✗');
        throw error;
      }
    },
  };
}

function startLine(stream: NodeJS.WriteStream, text: () => string): { end(mark: string): void } {
  const isTerminal = stream.isTTY;
  let frame = 0;
  const draw = (mark: string): void => {
    stream.write(`\r\u001b[K${`${mark} ${text()}`.slice(0, Math.max(stream.columns - 1, 20))}`);
  };
  const timer = isTerminal
    ? setInterval(() => {
        frame = (frame + 1) % SPINNER.length;
        draw(SPINNER[frame] ?? '');
      }, REDRAW_MS)
    : undefined;
  return {
    end: (mark) => {
      clearInterval(timer);
      stream.write(isTerminal ? `\r\u001b[K${mark} ${text()}\n` : `${mark} ${text()}\n`);
    },
  };
}
