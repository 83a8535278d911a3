import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Deps } from '../platform/deps.ts';
import { statusCode } from './signal-status.ts';

const PAGE = 1000;

/**
 * Writes down what every reader already sees: undecided deliveries whose deadline has passed are expired. Decisions
 * judge the deadline in their own statement and do not wait for this; nor does this wait for a decision or a
 * cancellation that is being written: what it passes over is the next tick's. Returns how many were written.
 */
export async function expireSignals(deps: Deps): Promise<number> {
  const now = isoTime(deps.clock.nowMs());
  const rows = await deps.db.run(sql`UPDATE deliveries d SET status = ${statusCode('expired')}::smallint,
      updated_at = ${now}::timestamptz
    WHERE d.status = ${statusCode('new')} AND (d.signal_id, d.user_id) IN (
      SELECT d2.signal_id, d2.user_id FROM deliveries d2 JOIN signals s ON s.id = d2.signal_id
      WHERE d2.status = ${statusCode('new')} AND s.expires_at <= ${now}::timestamptz LIMIT ${PAGE}
      FOR NO KEY UPDATE OF d2 SKIP LOCKED)
    RETURNING 1 AS one`);
  return rows.length;
}
