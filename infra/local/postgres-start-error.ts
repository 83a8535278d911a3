// Why the embedded database did not start, told apart so that the message can say what to do.

/** The reasons that a caller may want to act on; `failed` is everything else, with the log's last lines. */
export type PostgresStartReason =
  | 'port-in-use'
  | 'damaged-data'
  | 'wrong-version'
  | 'wrong-password'
  | 'folder-barred'
  | 'failed';

/** Thrown by `startPostgres`; the message is meant for the person at the terminal. */
export class PostgresStartError extends Error {
  readonly reason: PostgresStartReason;

  constructor(reason: PostgresStartReason, message: string) {
    super(message);
    this.name = 'PostgresStartError';
    this.reason = reason;
  }
}

const DAMAGE =
  /not a valid data directory|could not (?:open|read|find|access) (?:file|directory)|could not locate a valid checkpoint|incorrect checksum|invalid (?:data|primary checkpoint)|PANIC|could not find the database system/;

/**
 * Reads the reason out of what `postgres` wrote before it ended.
 * `output` is its log (any amount), `dataDir` and `port` what it was started with.
 */
export function explainExit(output: string, dataDir: string, port: number): PostgresStartError {
  const tail = output.trim().split('\n').slice(-8).join('\n');
  if (/could not bind|Address already in use/.test(output)) {
    return new PostgresStartError(
      'port-in-use',
      `port ${port} is in use: choose another or end what holds it`,
    );
  }
  if (/incompatible with server|initialized by PostgreSQL version/.test(output)) {
    return new PostgresStartError(
      'wrong-version',
      `${dataDir} belongs to another PostgreSQL version:\n${tail}`,
    );
  }
  if (/Permission denied/.test(output)) {
    return new PostgresStartError('folder-barred', `PostgreSQL may not enter ${dataDir}:\n${tail}`);
  }
  if (DAMAGE.test(output)) {
    return new PostgresStartError(
      'damaged-data',
      `the data folder ${dataDir} is damaged: restore it, or remove it to begin anew\n${tail}`,
    );
  }
  return new PostgresStartError('failed', `PostgreSQL ended before it was ready:\n${tail}`);
}
