/**
 * What became of a command whose fate is open (domain 2.4), by what the broker shows and the bridge's journal says. It is
 * resolved by looking, never by sending again. Invariants:
 *  1. evidence at the broker makes it done at any time: a position or deal that carries the command's number, or its
 *     comment under our namespace, or a deal of an order that does; an order that may still trade keeps it waiting;
 *  2. the journal's own result counts as the answer that got lost;
 *  3. it is not executed only where all of this holds: a complete snapshot captured at least three minutes after sending,
 *     whose history begins five minutes before it, shows nothing; two look-ups at least half a minute apart, the second
 *     that late, show nothing; and the journal knows no later send. Anything less leaves it unknown;
 *  4. a close or a cancellation that the broker has refused because what it was about has changed is tried again once a
 *     snapshot of after the sending shows that it still stands. Pure.
 */
import type { Lookup, ModifyInstruction, Snapshot } from '../bridge/bridge-protocol.ts';
import { Big, plain } from '../platform/decimal.ts';
import { bridgeWord, leaves, refusalClass } from './bridge-refusal.ts';
import { type Outcome, outcomeOf } from './command-outcome.ts';
import type { Command } from './command-store.ts';
import { retcodeClass } from './retcode-class.ts';

export const HORIZON_MS = 180_000;
export const LOOKUP_SPACING_MS = 30_000;
/** Brokers book some deals with a clock of their own: the history asked for begins this long before the send. */
export const HISTORY_MARGIN_MS = 5 * 60_000;
const NEEDED_NEGATIVES = 2;
/** What the shortest brokers keep of a comment (domain 1.2). */
const COMMENT_KEPT = 12;
/** The order of a deal that has none, such as a deposit. */
const NO_ORDER = '0';
/** States in which an order has ended: what it traded is in the deals, and nothing more will come of it. */
const ENDED = new Set(['rejected', 'canceled', 'expired']);

/** A snapshot that passed the gate, and since when its deals and orders were asked for (null: from the beginning). */
export type SeenSnapshot = { snapshot: Snapshot; fromMs: number | null };
type Found = { orderTicket: string | null; positionId: string | null };
export type UnknownVerdict =
  /** `volume`: in lots, null where it is not told; `partial`: it is less than what was asked for. */
  | ({ kind: 'done'; volume: string | null; partial: boolean } & Found)
  /** A pending order that works. */
  | { kind: 'placed'; orderTicket: string }
  /** A pending order that ended without a fill. */
  | { kind: 'ended'; reason: 'order-canceled' | 'order-expired' | 'order-rejected' }
  | { kind: 'answered'; outcome: Outcome }
  | { kind: 'not-executed' }
  /** It was surely refused, and what it is about still stands. */
  | { kind: 'refused'; reason: string }
  | { kind: 'negative' }
  | { kind: 'wait' };

type Facts = Pick<
  Command,
  | 'instruction'
  | 'magic'
  | 'comment'
  | 'orderTicket'
  | 'attempt'
  | 'tripId'
  | 'state'
  | 'reason'
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
  let { reason } = command;
  if (result != null && result.attempt === command.attempt) {
    const outcome = outcomeOf(command, result, nowMs);
    if (outcome.kind === 'retry' || outcome.settlement.state !== 'unknown')
      return { kind: 'answered', outcome };
    ({ reason } = outcome.settlement);
  }
  const sentMs = command.sentMs ?? nowMs;
  if (asksForLook(command, reason) && seen.snapshot.captured_at >= sentMs) return { kind: 'refused', reason };
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

/** Whether the last word on a close or a cancellation was a refusal that asks for another look, and nothing else is open. */
function asksForLook({ instruction: { kind } }: Facts, reason: string | null): reason is string {
  if (!leaves(kind) || reason === null) return false;
  const code = /^retcode-(\d{1,9})$/.exec(reason)?.[1];
  const word = bridgeWord(reason);
  if (code !== undefined) return retcodeClass(Number(code), kind) === 're-read';
  return word !== null && refusalClass(word, kind) === 're-read';
}

function atBroker(command: Facts, lookup: Lookup, snapshot: Snapshot): UnknownVerdict | null {
  const own = isOf(command);
  const places = [lookup, snapshot];
  const { instruction } = command;
  if (instruction.kind === 'cancel') return endedOtherwise(command, instruction.order.order_ticket, snapshot);
  if (instruction.kind === 'modify_sltp') return standsSo(command, instruction, snapshot);
  const { kind } = instruction;
  const orders = places.flatMap((p) => [...p.orders, ...p.history_orders]).filter(own);
  const tickets = new Set([command.orderTicket, ...orders.map((o) => o.ticket)]);
  const deals = places
    .flatMap((p) => p.deals)
    .filter((d) => own(d) || (d.order !== NO_ORDER && tickets.has(d.order)));
  // A close has no opening deal: the one that took volume out under its magic is its evidence.
  const entries = kind === 'close' ? ['out', 'out_by', 'inout'] : ['in', 'inout'];
  const traded = deals.filter((d) => d.entry !== null && entries.includes(d.entry));
  const volume = volumeOf(traded);
  const gone = closedOtherwise(command, snapshot);
  if (gone !== null) return { ...gone, orderTicket: traded[0]?.order ?? null, volume, partial: false };
  const working =
    kind === 'open' ? undefined : places.flatMap((p) => p.orders).find(isWorking(tickets, places));
  if (working !== undefined)
    return kind === 'place' ? { kind: 'placed', orderTicket: working.ticket } : { kind: 'wait' };
  const [deal] = traded;
  if (deal !== undefined) {
    const partial = kind === 'close' && volume !== null && new Big(volume).lt(instruction.order.volume);
    return { kind: 'done', orderTicket: deal.order, positionId: deal.position_id, volume, partial };
  }
  if (kind === 'close') return ofOrders(kind, orders);
  const position = places.flatMap((p) => p.positions).find(own);
  if (position === undefined) return netted(instruction.order.type, deals) ?? ofOrders(kind, orders);
  // On netting an order's number may stand on the rest of what it took something from: that is not what it opened.
  const opened = instruction.order.type.startsWith(position.type) ? position.identifier : null;
  return { kind: 'done', orderTicket: opened, positionId: opened, volume: null, partial: false };
}

/** On netting an entry may meet what stands the other way: it traded, took something out, and opened nothing. */
function netted(
  orderType: string,
  deals: readonly { ticket: string; order: string; entry: string | null; type: string; volume: string }[],
): UnknownVerdict | null {
  // What later takes out a position that it did open goes the other way.
  const taken = deals.filter((d) => d.entry === 'out' && orderType.startsWith(d.type));
  const [deal] = taken;
  if (deal === undefined) return null;
  const volume = volumeOf(taken);
  return { kind: 'done', orderTicket: deal.order, positionId: null, volume, partial: false };
}

/** Of the orders of these tickets one that works and that nobody shows as ended: it may still trade. */
const isWorking =
  (tickets: ReadonlySet<string | null>, places: readonly Pick<Lookup, 'history_orders'>[]) =>
  ({ ticket, state }: { ticket: string; state: string }): boolean =>
    state !== 'filled' &&
    tickets.has(ticket) &&
    !places.some((p) => p.history_orders.some((o) => o.ticket === ticket));

/** A position has the levels that it was to get, whoever gave them, or is gone: a modification leaves no other trace. */
function standsSo(
  { sentMs }: Facts,
  { order, pre }: ModifyInstruction,
  snapshot: Snapshot,
): UnknownVerdict | null {
  if (snapshot.captured_at < (sentMs ?? Number.POSITIVE_INFINITY)) return null;
  const position = snapshot.positions.find((p) => p.identifier === pre.position_id);
  const has = (level: string | null, wanted: string | null | undefined) =>
    wanted === undefined ||
    (level === null || wanted === null ? level === wanted : new Big(level).eq(wanted));
  if (position && !(has(position.sl, order.stop_loss) && has(position.tp, order.take_profit))) return null;
  return { kind: 'done', orderTicket: null, positionId: pre.position_id, volume: null, partial: false };
}

/** Of deals that may be shown twice. */
function volumeOf(deals: readonly { ticket: string; volume: string }[]): string | null {
  const once = new Map(deals.map((d) => [d.ticket, d.volume]));
  return once.size === 0 ? null : plain([...once.values()].reduce((total, v) => total.plus(v), new Big(0)));
}

/** Whoever took the position out: the close wanted no more. */
function closedOtherwise(
  { instruction, sentMs }: Facts,
  snapshot: Snapshot,
): { kind: 'done'; positionId: string } | null {
  const positionId = instruction.kind === 'close' ? instruction.pre.position_id : undefined;
  const gone =
    positionId !== undefined &&
    snapshot.captured_at >= (sentMs ?? Number.POSITIVE_INFINITY) &&
    snapshot.positions.every((p) => p.identifier !== positionId);
  return gone ? { kind: 'done', positionId } : null;
}

/** Whoever ended the order: the cancellation wanted no more. What it traded before is for its own command to tell. */
function endedOtherwise({ sentMs }: Facts, ticket: string, snapshot: Snapshot): UnknownVerdict | null {
  const ended =
    snapshot.captured_at >= (sentMs ?? Number.POSITIVE_INFINITY) &&
    snapshot.orders.every((o) => o.ticket !== ticket);
  return ended ? { kind: 'done', orderTicket: ticket, positionId: null, volume: null, partial: false } : null;
}

function ofOrders(
  kind: Command['instruction']['kind'],
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
