/**
 * What became of a command whose answer never came (domain 2.4). Evidence of its magic at the broker makes it done;
 * only a complete absence, looked up twice with half a minute between, three minutes after sending, makes it not
 * executed. Anything less leaves it unknown: it is resolved by looking, never by sending again. Pure.
 */
import type { Lookup } from '../bridge/bridge-protocol.ts';

export const HORIZON_MS = 180_000;
export const LOOKUP_SPACING_MS = 30_000;
const NEEDED_NEGATIVES = 2;
/** States in which an order has ended: what it traded is in the deals, and nothing more will come of it. */
const ENDED = new Set(['rejected', 'canceled', 'expired']);

export type UnknownVerdict =
  | { kind: 'done'; orderTicket: string; positionId: string }
  | { kind: 'not-executed' }
  | { kind: 'negative' }
  | { kind: 'wait' };

/** Judges a look-up made at `nowMs` for a command sent at `sentMs` with `negatives` look-ups that found nothing. */
export function unknownCommand(
  command: { magic: string; sentMs: number; negatives: number; lookedUpMs: number | null },
  lookup: Lookup,
  nowMs: number,
): UnknownVerdict {
  const deal = lookup.deals.find(
    (d) => d.magic === command.magic && (d.entry === 'in' || d.entry === 'inout'),
  );
  if (deal) return { kind: 'done', orderTicket: deal.order, positionId: deal.position_id };
  const position = lookup.positions.find((p) => p.magic === command.magic);
  if (position) return { kind: 'done', orderTicket: position.identifier, positionId: position.identifier };
  const orders = [...lookup.orders, ...lookup.history_orders].filter((o) => o.magic === command.magic);
  // An order that neither traded nor ended may still trade, and a filled one's deals are still to come.
  if (orders.some((o) => !ENDED.has(o.state))) return { kind: 'wait' };
  if (lookup.journal === 'intent' && nowMs - command.sentMs < HORIZON_MS) return { kind: 'wait' };
  const spaced = command.lookedUpMs === null || nowMs - command.lookedUpMs >= LOOKUP_SPACING_MS;
  if (!spaced) return { kind: 'wait' };
  const enough = command.negatives + 1 >= NEEDED_NEGATIVES && nowMs - command.sentMs >= HORIZON_MS;
  return enough ? { kind: 'not-executed' } : { kind: 'negative' };
}
