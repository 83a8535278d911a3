import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Deps } from '../platform/deps.ts';
import { derivedId } from '../platform/ids.ts';
import type { OutboxEvent } from '../platform/outbox-store.ts';
import { wishInsert } from '../platform/picture-wish.ts';
import { sqlArray } from '../platform/sql-array.ts';

/** Deliveries that one statement writes: bounded, so that no audience is too large for the time a call has. */
const PAGE = 5_000;

/**
 * Consumer of `signal.created`, for all the events that came together: a delivery for every subscriber that has none,
 * in pages, and with the last page the events done, in one statement. Repeats change nothing. The owner's delivery was
 * written with the signal itself. The signal's own state is new or cancelled, and its lock orders this against a
 * cancellation: none overtakes the other. A picture is wished for the owner of each signal that has candles to come by.
 */
export async function fanOutSignals(deps: Deps, events: readonly OutboxEvent[]): Promise<void> {
  const signals = events.map((e) => String(e.payload['signal_id']));
  const ids = events.map((e) => e.id);
  const wishes = events.map((e) => {
    const signal = String(e.payload['signal_id']);
    return { signal, event: derivedId(signal, 'picture') };
  });
  const pictures = sql`SELECT w.event AS event_id, s.id AS subject_id, s.user_id
    FROM s JOIN jsonb_to_recordset(${JSON.stringify(wishes)}::jsonb) AS w(signal uuid, event uuid) ON w.signal = s.id
    WHERE EXISTS (SELECT 1 FROM account_producers f JOIN accounts a ON a.id = f.account_id
      WHERE f.producer_id = s.producer_id AND a.user_id = s.user_id AND a.bridge_id IS NOT NULL)`;
  for (;;) {
    const nowMs = deps.clock.nowMs();
    const [page] = await deps.db.run(sql`WITH s AS (
      SELECT id, user_id, producer_id, status, created_at FROM signals WHERE id = ANY(${sqlArray('uuid', signals)})
      ORDER BY id FOR SHARE
    ), due AS (
      SELECT s.id, u.user_id, s.status, s.created_at FROM s JOIN subscriptions u USING (producer_id)
      WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.signal_id = s.id AND d.user_id = u.user_id)
      LIMIT ${PAGE}
    ), ins AS (
      INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
      SELECT id, user_id, status, created_at, created_at FROM due ON CONFLICT DO NOTHING
    ), pictures AS (${wishInsert('signal', pictures, nowMs)}), don AS (
      UPDATE outbox SET done_at = ${isoTime(nowMs)}::timestamptz
      WHERE id = ANY(${sqlArray('uuid', ids)}) AND done_at IS NULL AND (SELECT count(*) FROM due) < ${PAGE}
    ) SELECT count(*)::int AS found FROM due`);
    if (Number(page?.['found']) < PAGE) return;
  }
}
