import { sql } from 'drizzle-orm';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';

/**
 * Consumer of `signal.created`: a delivery for every subscriber that has none, and the event done, in one
 * transaction. Repeats change nothing. The owner's delivery was written with the signal itself. The signal's own state
 * is new or cancelled, and its lock orders this against a cancellation: none overtakes the other.
 */
export async function fanOutSignal(deps: Deps, event: OutboxEvent): Promise<void> {
  const id = String(event.payload['signal_id']);
  await deps.db.batch([
    sql`INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
        SELECT s.id, u.user_id, s.status, s.created_at, s.created_at
        FROM signals s JOIN subscriptions u ON u.producer_id = s.producer_id
        WHERE s.id = ${id}::uuid FOR SHARE OF s ON CONFLICT DO NOTHING`,
    outboxDone(event.id, deps.clock.nowMs()),
  ]);
}
