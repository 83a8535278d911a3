import { readCalendar } from '../market/calendar-store.ts';
import { entryWindow } from '../market/trading-calendar.ts';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { createCommand, type NewCommand, refuseEntry } from './command-store.ts';
import { PASSING_BARRIERS } from './entry-barrier.ts';
import { type ApprovalFacts, readEntryFacts } from './entry-facts-store.ts';
import { type EntryMarket, type EntryVerdict, entryOrder, MARKET_TTL_MS } from './entry-order.ts';
import { executeClose } from './execute-close.ts';
import type { LossLimit } from './loss-limit.ts';
import { magicNumber } from './magic-number.ts';
import { sessionHours } from './order-expiry.ts';
import type { OrderRefusal } from './order-refusal.ts';
import { sendDueCommands } from './send-due-commands.ts';

/** Another order of the account may come first each time: what it changed is read again. */
const ATTEMPTS = 6;

/** A guard's next sample is there by then. */
const GUARD_SECONDS = 2;

/** What a new snapshot may mend. */
const MENDED: ReadonlySet<OrderRefusal> = new Set([
  ...(['account-mismatch', 'terminal-disconnected', 'bridge-silent', 'snapshot-refused'] as const),
  'catching-up',
  ...(['quote-stale', 'epoch-unproven', 'trading-disabled', 'market-spread'] as const),
  'daily-loss-too-near' as const,
]);

async function marketOf({ db }: Deps, facts: ApprovalFacts, nowMs: number): Promise<EntryMarket> {
  const of = { instrument: facts.signal.instrument, accountId: facts.account.id };
  const { calendar } = await readCalendar(db, of, nowMs);
  return {
    entry: entryWindow(calendar, nowMs),
    hours: sessionHours(calendar, nowMs),
    calendar: calendar === 'unreadable' ? null : calendar,
  };
}

/** What rooms that know more of an account do for an entry. */
export type EntrySources = {
  /** Asks the account's bridge, and stores what it shows. */
  takeSnapshot(accountId: string): Promise<unknown>;
  /** Where the daily-loss rules of the account's guard stand now. */
  dailyLimits(accountId: string): Promise<readonly LossLimit[]>;
};

/**
 * Consumer of `approval.approved`: makes the command of this entry or opens this close, or stores why not. Repeats change
 * nothing: an approval that has its command, or was refused, is done, whatever another consumer sees. A bridge is heard
 * once a minute, so an entry that what is known of it would refuse has it asked first, once, by `takeSnapshot`; an answer
 * that takes longer than a market order may wait comes too late, and the refusal stands. While the account's guard looks
 * closer or warns, the event stays to be done and comes back soon: the approval's own time bounds that.
 */
export async function executeApproval(deps: Deps, event: OutboxEvent, sources: EntrySources): Promise<void> {
  const { db, clock } = deps;
  const approvalId = String(event.payload['approval_id']);
  let asked: { reason: OrderRefusal; untilMs: number } | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const facts = await readEntryFacts(db, approvalId);
    const nowMs = clock.nowMs();
    if (facts === null) {
      await db.run(outboxDone(event.id, nowMs));
      return;
    }
    if (facts.terms.intent === 'close') {
      if (await executeClose(deps, facts, { approvalId, eventId: event.id })) return;
      continue;
    }
    if (asked !== null && nowMs > asked.untilMs)
      return refuseEntry(db, approvalId, asked.reason, event.id, nowMs);
    const limits = facts.dailyRules > 0 ? await sources.dailyLimits(facts.account.id) : [];
    const verdict = entryOrder({ ...facts, limits }, await marketOf(deps, facts, nowMs), nowMs);
    if (verdict.kind === 'refused' && asked === null && MENDED.has(verdict.reason)) {
      asked = { reason: verdict.reason, untilMs: nowMs + MARKET_TTL_MS };
      await sources.takeSnapshot(facts.account.id);
      continue;
    }
    if (verdict.kind === 'refused' && PASSING_BARRIERS.has(verdict.reason))
      return deps.queue.send([{ kind: 'outbox', id: event.id }], GUARD_SECONDS);
    if (verdict.kind === 'refused') return refuseEntry(db, approvalId, verdict.reason, event.id, nowMs);
    const command = commandOf(deps, facts, approvalId, verdict, nowMs);
    const ordersMade = counted(facts) ? facts.ordersMade : null;
    if (await createCommand(db, command, { doneEventId: event.id, ordersMade }, nowMs))
      return handOn(deps, command);
    // A halt, another order or another consumer came between reading and writing: what is stored now says which.
  }
  throw new Error('an approval could neither be executed nor refused');
}

/** Has the queue bring the command to be sent. Where it takes nothing that is done here: the sweep may come too late. */
async function handOn(
  deps: Deps,
  { accountId, eventId }: { accountId: string; eventId: string },
): Promise<void> {
  try {
    await deps.queue.send([{ kind: 'outbox', id: eventId }]);
  } catch {
    await sendDueCommands(deps, accountId);
  }
}

/** Whether another order of the account, made meanwhile, would change the verdict. */
const counted = ({ account, specification }: ApprovalFacts): boolean =>
  account.binding?.marginMode !== 'hedging' ||
  account.settings.maxPositions !== null ||
  account.settings.marginShareBps !== null ||
  account.settings.maxInstrumentVolume !== null ||
  account.settings.maxExposurePercent !== null ||
  specification?.volumeLimit != null;

function commandOf(
  { ids }: Deps,
  facts: ApprovalFacts,
  approvalId: string,
  { order, ttlMs }: Extract<EntryVerdict, { kind: 'order' }>,
  nowMs: number,
): NewCommand & { eventId: string } {
  const id = ids.next();
  return {
    ...{ id, accountId: facts.account.id, approvalId, signalId: facts.signalId, order },
    magic: magicNumber(facts.namespace, facts.commandNumber, 0),
    // Second evidence after the magic: 12 characters of the random part, which the longest brokers keep.
    comment: `cs${id.replaceAll('-', '').slice(-12)}`,
    expiresMs: nowMs + ttlMs,
    // The event is the command's own, so that whoever settles the command can end it.
    eventId: id,
  };
}
