/** One JSON line per request or job. No bodies, secrets, signatures or addresses ever enter a line. */
export type LogLine = {
  kind: 'request' | 'job' | 'fault';
  name: string;
  outcome: string;
  request_id: string;
  duration_ms?: number;
  actor?: string;
  status?: number;
  database_calls?: number;
  outbound_calls?: number;
  /** How many events a job worked, where more than one. */
  events?: number;
  events_waiting?: number;
  events_dead?: number;
  cause?: string;
};
export type Log = (line: LogLine) => void;

/** Writes to the runtime's console, which both clouds index by the line's members. */
export const consoleLog: Log = (line) => console.log(JSON.stringify(line));

/**
 * The loggable part of something thrown: its class and, for errors of ours or of the database, a code. Messages of
 * drivers carry SQL and parameters and stay out.
 */
export function causeOf(e: unknown): string {
  if (!(e instanceof Error)) return typeof e;
  const inner: unknown = e.cause ?? e;
  const code = typeof inner === 'object' && inner !== null && 'code' in inner ? ` ${String(inner.code)}` : '';
  // The message stands in the stack too, and a line of SQL may begin like a frame: only what follows it is read.
  const stack = e.stack ?? '';
  const at = stack.indexOf(e.message);
  const frames = at < 0 ? '' : stack.slice(at + e.message.length);
  const place = frames.split('\n').find((line) => line.trim().startsWith('at ')) ?? '';
  return `${e.name}${code}${place ? ` ${place.trim()}` : ''}`;
}
