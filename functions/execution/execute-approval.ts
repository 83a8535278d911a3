import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { createCommand, readEntryFacts, refuseEntry } from './command-store.ts';
import { entryOrder, MARKET_TTL_MS } from './entry-order.ts';
import { magicNumber } from './magic-number.ts';

const ATTEMPTS = 2;

/**
 * Consumer of `approval.approved`: makes the one command of this approval, or stores why there is none. Repeats change
 * nothing: an approval that has its command is done.
 */
export async function executeApproval(deps: Deps, event: OutboxEvent): Promise<void> {
  const { db, ids, clock, queue } = deps;
  const approvalId = String(event.payload['approval_id']);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const facts = await readEntryFacts(db, approvalId);
    const nowMs = clock.nowMs();
    if (facts === null) {
      await db.run(outboxDone(event.id, nowMs));
      return;
    }
    const verdict = entryOrder(facts, nowMs);
    if (verdict.kind === 'refused') return refuseEntry(db, approvalId, verdict.reason, event.id, nowMs);
    const id = ids.next();
    const next = ids.next();
    const made = await createCommand(
      db,
      {
        id,
        accountId: facts.account.id,
        approvalId,
        signalId: facts.signalId,
        order: verdict.order,
        magic: magicNumber(facts.namespace, facts.commandNumber, 0),
        comment: commentToken(id),
        expiresMs: nowMs + MARKET_TTL_MS,
      },
      { done: event.id, next },
      nowMs,
    );
    if (made) return queue.send([{ kind: 'outbox', id: next }]);
    // A halt or another consumer came between reading and writing: what is stored now says which.
  }
  throw new Error('an approval could neither be executed nor refused');
}

/** Second evidence after the magic: 12 characters of the command's random part, which the longest brokers keep. */
const commentToken = (commandId: string): string => `cs${commandId.replaceAll('-', '').slice(-12)}`;
