import { readCalendar } from '../market/calendar-store.ts';
import { entryWindow } from '../market/trading-calendar.ts';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { createCommands, type NewCommand, refuseEntry } from './command-store.ts';
import { type ApprovalFacts, nextCommandNumbers, readEntryFacts } from './entry-facts-store.ts';
import { type EntryMarket, type EntryOrder, entryOrder, MARKET_TTL_MS } from './entry-order.ts';
import { magicNumber } from './magic-number.ts';
import { sessionHours } from './order-expiry.ts';
import type { OrderRefusal } from './order-refusal.ts';

/** Another order of the account may come first each time: what it changed is read again. */
const ATTEMPTS = 6;

/** What a new snapshot may mend. */
const MENDED: ReadonlySet<OrderRefusal> = new Set([
  ...(['account-mismatch', 'terminal-disconnected', 'bridge-silent', 'snapshot-refused'] as const),
  'quote-stale' as const,
]);

/** A close asks for nothing: no calendar holds it back. */
async function marketOf({ db }: Deps, facts: ApprovalFacts, nowMs: number): Promise<EntryMarket> {
  const { signal, terms, account } = facts;
  const of = { instrument: signal.instrument, accountId: account.id };
  const calendar = terms.intent === 'close' ? null : (await readCalendar(db, of, nowMs)).calendar;
  return { entry: entryWindow(calendar, nowMs), hours: sessionHours(calendar, nowMs) };
}

/**
 * Consumer of `approval.approved`: makes the commands of this approval, or stores why there are none. Repeats change
 * nothing: an approval that has its command is done. A bridge is heard once a minute, so an entry that what is known of
 * it would refuse has it asked first, once, by `takeSnapshot`; an answer that takes longer than a market order may wait
 * comes too late, and the refusal stands.
 */
export async function executeApproval(
  deps: Deps,
  event: OutboxEvent,
  takeSnapshot: (accountId: string) => Promise<unknown>,
): Promise<void> {
  const { db, clock, queue } = deps;
  const approvalId = String(event.payload['approval_id']);
  let asked: { reason: OrderRefusal; untilMs: number } | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const facts = await readEntryFacts(db, approvalId);
    const nowMs = clock.nowMs();
    if (facts === null) {
      await db.run(outboxDone(event.id, nowMs));
      return;
    }
    if (facts.deployment.epochBehind && facts.terms.intent === 'close')
      throw new Error('commands are frozen: a close waits until the restore epoch is raised');
    if (asked !== null && nowMs > asked.untilMs)
      return refuseEntry(db, approvalId, asked.reason, event.id, nowMs);
    const verdict = entryOrder(facts, await marketOf(deps, facts, nowMs), nowMs);
    if (verdict.kind === 'refused' && asked === null && MENDED.has(verdict.reason)) {
      asked = { reason: verdict.reason, untilMs: nowMs + MARKET_TTL_MS };
      await takeSnapshot(facts.account.id);
      continue;
    }
    if (verdict.kind === 'refused') return refuseEntry(db, approvalId, verdict.reason, event.id, nowMs);
    const commands = await commandsOf(deps, facts, approvalId, verdict.orders, nowMs + verdict.ttlMs);
    const ordersMade = counted(facts) ? facts.ordersMade : null;
    if (await createCommands(db, commands, { doneEventId: event.id, ordersMade }, nowMs))
      return queue.send(commands.map((c) => ({ kind: 'outbox', id: c.eventId })));
    // A halt, another order or another consumer came between reading and writing: what is stored now says which.
  }
  throw new Error('an approval could neither be executed nor refused');
}

/** Whether another order of the account, made meanwhile, would change the verdict. */
const counted = ({ terms, account, specification }: ApprovalFacts): boolean =>
  terms.intent === 'close' ||
  account.binding?.marginMode !== 'hedging' ||
  account.settings.maxPositions !== null ||
  account.settings.marginShareBps !== null ||
  specification?.volumeLimit != null;

async function commandsOf(
  { db, ids }: Deps,
  facts: ApprovalFacts,
  approvalId: string,
  orders: readonly EntryOrder[],
  expiresMs: number,
): Promise<(NewCommand & { eventId: string })[]> {
  const more = orders.length === 1 ? [] : await nextCommandNumbers(db, orders.length - 1);
  return [facts.commandNumber, ...more].flatMap((number, leg) => {
    const order = orders[leg];
    if (order === undefined) return [];
    const id = ids.next();
    return [
      {
        ...{ id, accountId: facts.account.id, approvalId, signalId: facts.signalId, order },
        ...{ magic: magicNumber(facts.namespace, number, 0), comment: commentToken(id), expiresMs },
        // The event is the command's own, so that whoever settles the command can end it.
        eventId: id,
      },
    ];
  });
}

/** Second evidence after the magic: 12 characters of the command's random part, which the longest brokers keep. */
const commentToken = (commandId: string): string => `cs${commandId.replaceAll('-', '').slice(-12)}`;
