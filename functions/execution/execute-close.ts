import { readCalendar } from '../market/calendar-store.ts';
import { compare } from '../platform/decimal.ts';
import type { Deps } from '../platform/deps.ts';
import { closeDeadline } from './close-deadline.ts';
import { refuseEntry } from './command-store.ts';
import type { ApprovalFacts } from './entry-facts-store.ts';
import { openExit } from './exit-store.ts';
import type { OrderRefusal } from './order-refusal.ts';
import { sendDueCommands } from './send-due-commands.ts';

/**
 * Opens an approved close and takes its first step, which passes halts, age and silence; or stores why there is none. False
 * where something came between reading and writing: what is stored now says what.
 */
export async function executeClose(
  deps: Deps,
  facts: ApprovalFacts,
  of: { approvalId: string; eventId: string },
): Promise<boolean> {
  const { clock, db } = deps;
  const { account, signal } = facts;
  const nowMs = clock.nowMs();
  const refusal = refusalOf(facts);
  if (refusal !== null) {
    await refuseEntry(db, of.approvalId, refusal, of.eventId, nowMs);
    return true;
  }
  const market = { instrument: signal.instrument, accountId: account.id };
  const { calendar } = await readCalendar(db, market, nowMs);
  const exit = { approvalId: of.approvalId, expiresMs: closeDeadline(calendar, nowMs) };
  if (!(await openExit(db, exit, of.eventId, nowMs))) return false;
  await sendDueCommands(deps, account.id);
  return true;
}

function refusalOf({ account, signal, terms }: ApprovalFacts): OrderRefusal | null {
  if (signal.cancelled) return 'signal-cancelled';
  if (account.binding === null) return 'account-unbound';
  return compare(terms.max_volume, '0') > 0 ? null : 'nothing-to-close';
}
