// The frame of a stand-in that runs as a process of its own: arguments, the `ready` line, the end.
//
// Invariants:
// - Exactly one line, `ready <port>`, goes to stdout; everything else to stderr.
// - The process ends when its parent does: on its closed IPC channel, else on the end of stdin; on SIGTERM and SIGINT.
import { parseArgs } from 'node:util';

/** Command line options by name; `undefined` where one was not given. */
export type Arguments = Record<string, string | undefined>;

/** Reads `--name value` pairs; an unknown name ends the process with code 2. */
export function readArguments(names: readonly string[]): Arguments {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    return { ...parseArgs({ options, strict: true }).values } as Arguments;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** A port number from the command line; ends the process with code 2 when it is none. */
export function portArgument(given: Arguments, name: string): number {
  const port = Number(given[name]);
  if (given[name] !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  console.error(`--${name} must be a port number`);
  process.exit(2);
}

/** A text from the command line; ends the process with code 2 when it is missing. */
export function textArgument(given: Arguments, name: string): string {
  const text = given[name];
  if (text !== undefined && text !== '') return text;
  console.error(`--${name} is missing`);
  process.exit(2);
}

/** Starts the server, prints `ready <port>` and stops it when the parent goes or a signal comes. */
export async function runServerProcess(
  start: () => Promise<{ port: number; stop: () => Promise<void> }>,
): Promise<void> {
  const server = await start().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // Whatever hangs, the process must not outlive its parent.
    setTimeout(() => process.exit(0), 2_000).unref();
    void server.stop().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // A parent with an IPC channel may give no stdin at all, whose end would then mean nothing.
  if (process.connected) process.once('disconnect', stop);
  else process.stdin.once('end', stop).once('close', stop).once('error', stop).resume();
  console.log(`ready ${server.port}`);
}
