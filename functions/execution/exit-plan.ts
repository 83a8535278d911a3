/**
 * What an approved close does next: it goes on until all that it was approved for has left the market, from what stands at
 * that moment and not from what it did before. Pure. Invariants:
 *  1. it takes out what its dedup scope's entries opened that were approved before it, no more of it than was approved, each
 *     position by its own ticket and with no more than its volume, so that nothing is ever opened the other way;
 *  2. of a position it has one order at a time, and none while another's is under way; what is more than the broker takes
 *     in one leaves in several, one after the other (`leg-volume.ts`);
 *  3. entries that were not sent are taken back, working ones cancelled, and those whose end is open waited for;
 *  4. it ends when nothing of that is left, when the broker has refused for good, or with its time, and says which.
 */
import type { TradeInstruction } from '../bridge/bridge-protocol.ts';
import type { Binding } from './account-store.ts';
import type { CommandState } from './command-store.ts';
import { closeOrder, type LegFacts, type NextLegs, nextLegs } from './exit-legs.ts';
import { entriesOf, holdings, pending, type StakeCommand, unmadeOf } from './stake.ts';

export type ExitFacts = LegFacts & {
  approvedMs: number;
  createdMs: number;
  expiresMs: number;
  /** Whether it took anything back that had not been filled. */
  acted: boolean;
  signalCancelled: boolean;
  binding: Binding | null;
};
type Step = {
  /** Commands of entries that wait to be sent, and will not be. */
  drop: string[];
  /** Approvals of entries that have no command, and will have none. */
  unmade: string[];
  /** Commands of entries whose orders work, and are to be cancelled. */
  withdraw: string[];
  orders: TradeInstruction[];
};
export type ExitPlan = Step & {
  acted: boolean;
  /** What it waits for, or why it ended otherwise than done. */
  reason: string | null;
  end: 'done' | 'failed' | null;
  /** When it is to be looked at again at the latest. */
  nextMs: number;
};

const ACTED: ReadonlySet<CommandState> = new Set<CommandState>(['done', 'partial']);
const SOONEST_MS = 1_000;
const LATEST_MS = 60_000;

/** Plans at `nowMs`. */
export function exitPlan(facts: ExitFacts, nowMs: number): ExitPlan {
  const { approvedMs, binding, stake, terms } = facts;
  if (facts.signalCancelled) return ended(facts, nowMs, 'signal-cancelled');
  if (binding === null) return ended(facts, nowMs, 'account-unbound');
  const side = terms.side === 'buy' ? 'sell' : 'buy';
  const entries = entriesOf(stake, side, approvedMs);
  const idsOf = (state: CommandState) => entries.filter((e) => e.state === state).map((e) => e.id);
  const legs = nextLegs(facts, holdings(stake, binding.marginMode, side, approvedMs), nowMs);
  const step = {
    drop: idsOf('created'),
    unmade: unmadeOf(stake, side, approvedMs).map((u) => u.approval_id),
    withdraw: idsOf('placed'),
    orders: legs.due.map((leg) => closeOrder(leg, terms, binding)),
  };
  const awaited = pending(entries, stake).find((p) => p.entry.state !== 'created');
  const closed = legs.left.lte(0) && !legs.underWay;
  const reason = closed ? null : waitsFor(legs, awaited?.entry.state ?? null, step);
  if (reason === null) return ended(facts, nowMs, closed ? null : legs.refusedBy);
  if (nowMs >= facts.expiresMs) return ended(facts, nowMs, legs.pausedBy ?? 'close-expired');
  const takesBack = step.drop.length + step.unmade.length > 0;
  const acted = facts.acted || takesBack || step.withdraw.length > 0;
  const atRest = reason === 'closing' && awaited === undefined && !stake.commands.some(isOut);
  const nextMs = takesBack ? nowMs : atRest ? facts.expiresMs : nextLook(facts, nowMs);
  return { ...step, acted, reason, end: null, nextMs };
}

/** A close of which only the broker knows what became of it; one that waits to be sent needs nobody to look. */
const isOut = ({ kind, state }: StakeCommand): boolean =>
  kind === 'close' && (state === 'sent' || state === 'unknown');

/** Why it is not over yet; null: it is. */
function waitsFor(
  legs: NextLegs,
  awaited: CommandState | null,
  { drop, unmade }: Pick<Step, 'drop' | 'unmade'>,
): string | null {
  if (legs.due.length > 0 || legs.underWay) return 'closing';
  if (legs.pausedBy !== null) return legs.pausedBy;
  if (awaited !== null) return awaited === 'placed' ? 'order-working' : 'entry-under-way';
  if (drop.length + unmade.length > 0) return 'entry-under-way';
  return legs.unseen ? 'position-unseen' : null;
}

/** Done where it has closed or taken back anything and nothing was refused; otherwise the reason is its end. */
function ended(facts: ExitFacts, nowMs: number, refusedBy: string | null): ExitPlan {
  const acted = facts.acted || facts.legs.some((l) => ACTED.has(l.state));
  const reason = refusedBy ?? (acted ? null : 'nothing-to-close');
  const none = { drop: [], unmade: [], withdraw: [], orders: [] };
  return { ...none, acted: facts.acted, reason, end: reason === null ? 'done' : 'failed', nextMs: nowMs };
}

/** Half as long from now as it is old: whatever becomes of its orders wakes it anyway. */
function nextLook({ createdMs, expiresMs }: ExitFacts, nowMs: number): number {
  const pauseMs = Math.min(Math.max((nowMs - createdMs) / 2, SOONEST_MS), LATEST_MS);
  return Math.min(nowMs + Math.ceil(pauseMs), Math.max(expiresMs, nowMs + SOONEST_MS));
}
