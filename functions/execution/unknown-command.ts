/**
 * What became of a command whose fate is open (domain 2.4), by what the broker shows and the bridge's journal says. It is
 * resolved by looking, never by sending again. Invariants:
 *  1. evidence at the broker makes it done at any time: an order, position or deal that carries the command's number, or
 *     its comment under our namespace;
 *  2. the journal's own result counts as the answer that got lost;
 *  3. it is not executed only where all of this holds: a complete snapshot captured at least three minutes after sending,
 *     whose history begins five minutes before it, shows nothing; two look-ups at least half a minute apart, the second
 *     that late, show nothing; and the journal knows no later send. Anything less leaves it unknown. Pure.
 */
import type { Lookup, Snapshot } from '../bridge/bridge-protocol.ts';
import { type Outcome, outcomeOf } from './command-outcome.ts';
import type { Command } from './command-store.ts';

export const HORIZON_MS = 180_000;
export const LOOKUP_SPACING_MS = 30_000;
/** Brokers book some deals with a clock of their own: the history asked for begins this long before the send. */
export const HISTORY_MARGIN_MS = 5 * 60_000;
const NEEDED_NEGATIVES = 2;
/** What the shortest brokers keep of a comment (domain 1.2). */
const COMMENT_KEPT = 12;
/** States in which an order has ended: what it traded is in the deals, and nothing more will come of it. */
const ENDED = new Set(['rejected', 'canceled', 'expired']);

/** A snapshot that passed the gate, and since when its deals and orders were asked for (null: from the beginning). */
export type SeenSnapshot = { snapshot: Snapshot; fromMs: number | null };
export type UnknownVerdict =
  | { kind: 'done'; orderTicket: string | null; positionId: string }
  /** A pending order that works. */
  | { kind: 'placed'; orderTicket: string }
  /** A pending order that ended without a fill. */
  | { kind: 'ended'; reason: 'order-canceled' | 'order-expired' | 'order-rejected' }
  | { kind: 'answered'; outcome: Outcome }
  | { kind: 'not-executed' }
  | { kind: 'negative' }
  | { kind: 'wait' };

type Facts = Pick<
  Command,
  | 'instruction'
  | 'magic'
  | 'comment'
  | 'attempt'
  | 'state'
  | 'expiresMs'
  | 'sentMs'
  | 'negativeLookups'
  | 'lookedUpMs'
>;

/** Judges a look-up made at `nowMs`; `seen` is the snapshot that has just passed the gate. */
export function unknownCommand(
  command: Facts,
  lookup: Lookup,
  seen: SeenSnapshot,
  nowMs: number,
): UnknownVerdict {
  const found = atBroker(command, lookup, seen.snapshot);
  if (found !== null) return found;
  // A working order left a trace once: that it is not shown says nothing.
  if (command.state === 'placed') return { kind: 'wait' };
  const { journal, result } = lookup;
  if (result != null && result.attempt === command.attempt) {
    const outcome = outcomeOf(command, result, nowMs);
    if (outcome.kind === 'retry' || outcome.settlement.state !== 'unknown')
      return { kind: 'answered', outcome };
  }
  const sentMs = command.sentMs ?? nowMs;
  const late = nowMs - sentMs >= HORIZON_MS;
  if (journal === 'intent' && !late) return { kind: 'wait' };
  const { lookedUpMs, negativeLookups } = command;
  if (lookedUpMs !== null && nowMs - lookedUpMs < LOOKUP_SPACING_MS) return { kind: 'wait' };
  const laterSend = result != null && (result.attempt ?? 0) > command.attempt;
  const enough = negativeLookups + 1 >= NEEDED_NEGATIVES && late && !laterSend && isComplete(seen, sentMs);
  return enough ? { kind: 'not-executed' } : { kind: 'negative' };
}

const isComplete = (seen: SeenSnapshot, sentMs: number): boolean =>
  seen.snapshot.captured_at >= sentMs + HORIZON_MS &&
  (seen.fromMs === null || seen.fromMs <= sentMs - HISTORY_MARGIN_MS);

type Marked = { magic: string; comment: string };

/** Attempts of one command share its number; the comment counts under our namespace alone. */
function isOf(command: Pick<Facts, 'magic' | 'comment'>): (row: Marked) => boolean {
  const magic = BigInt(command.magic);
  return (row) => {
    const seen = BigInt(row.magic);
    const kept = row.comment.slice(0, command.comment.length);
    return (
      seen >> 4n === magic >> 4n ||
      (seen >> 40n === magic >> 40n && kept.length >= COMMENT_KEPT && command.comment.startsWith(kept))
    );
  };
}

function atBroker(command: Facts, lookup: Lookup, snapshot: Snapshot): UnknownVerdict | null {
  const own = isOf(command);
  const places = [lookup, snapshot];
  const { kind, pre } = command.instruction;
  const deals = places.flatMap((p) => p.deals).filter(own);
  // A close has no opening deal: the one that took volume out under its magic is its evidence.
  const entries = kind === 'close' ? ['out', 'out_by', 'inout'] : ['in', 'inout'];
  const deal = deals.find((d) => d.entry !== null && entries.includes(d.entry));
  if (deal) return { kind: 'done', orderTicket: deal.order, positionId: deal.position_id };
  if (kind === 'close') return closedOtherwise(command, pre.position_id, snapshot);
  const position = places.flatMap((p) => p.positions).find(own);
  if (position) return { kind: 'done', orderTicket: position.identifier, positionId: position.identifier };
  return ofOrders(kind, places.flatMap((p) => [...p.orders, ...p.history_orders]).filter(own));
}

/** Whoever took the position out: the close wanted no more. */
function closedOtherwise(
  { sentMs }: Facts,
  positionId: string | undefined,
  snapshot: Snapshot,
): UnknownVerdict | null {
  const gone =
    positionId !== undefined &&
    snapshot.captured_at >= (sentMs ?? Number.POSITIVE_INFINITY) &&
    snapshot.positions.every((p) => p.identifier !== positionId);
  return gone ? { kind: 'done', orderTicket: null, positionId } : null;
}

function ofOrders(
  kind: 'open' | 'place',
  orders: readonly { ticket: string; state: string }[],
): UnknownVerdict | null {
  const alive = orders.find(
    (o) => !ENDED.has(o.state) && !orders.some((e) => e.ticket === o.ticket && ENDED.has(e.state)),
  );
  // One that neither traded nor ended may still trade, and a filled one's deals are still to come.
  if (alive)
    return kind === 'place' && alive.state !== 'filled'
      ? { kind: 'placed', orderTicket: alive.ticket }
      : { kind: 'wait' };
  const ended = orders.find((o) => ENDED.has(o.state));
  return kind === 'place' && ended
    ? { kind: 'ended', reason: `order-${ended.state}` as `order-canceled` }
    : null;
}
