import type { Database } from './database.ts';
import type { Outbound } from './outbound.ts';

/** Calls that one request or job has made so far. A statement that is tried again after a deadlock counts once. */
export type UpstreamCalls = { database: number; outbound: number };

/** The same database and outbound caller, counting for the one request or job that they are made for. */
export function countingCalls(
  db: Database,
  outbound: Outbound,
): { db: Database; outbound: Outbound; calls: UpstreamCalls } {
  const calls: UpstreamCalls = { database: 0, outbound: 0 };
  return {
    calls,
    db: {
      run: (statement) => {
        calls.database += 1;
        return db.run(statement);
      },
      batch: (statements) => {
        calls.database += 1;
        return db.batch(statements);
      },
    },
    outbound: (request) => {
      calls.outbound += 1;
      return outbound(request);
    },
  };
}
