import { sql } from 'drizzle-orm';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { statusCode } from './signal-status.ts';

/**
 * Consumer of `signal.created`: a delivery for every subscriber that has none, and the event done, in one
 * transaction. Repeats change nothing. The owner's delivery was written with the signal itself.
 */
export async function fanOutSignal(deps: Deps, event: OutboxEvent): Promise<void> {
  const id = String(event.payload['signal_id']);
  await deps.db.batch([
    sql`INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
        SELECT s.id, u.user_id, ${statusCode('new')}::smallint, s.created_at, s.created_at
        FROM signals s JOIN subscriptions u ON u.producer_id = s.producer_id
        WHERE s.id = ${id}::uuid ON CONFLICT DO NOTHING`,
    outboxDone(event.id, deps.clock.nowMs()),
  ]);
}
