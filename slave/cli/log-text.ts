import { shown } from './output.ts';

/** A log line as data; one that is no JSON object becomes its `message`. */
export function parseLogLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Something else than our logger wrote it.
  }
  return { message: line };
}

/** A log line for people: time, level, message, then the fields. */
export function logLineText(line: string): string {
  const { time, level, message, pid: _pid, ...fields } = parseLogLine(line);
  const words = [time, typeof level === 'string' ? level.padEnd(5) : undefined, message].filter(
    (word) => word !== undefined,
  );
  const pairs = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return shown([...words.map(String), ...pairs].join(' '));
}
