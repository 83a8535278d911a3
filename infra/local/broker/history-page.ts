// One page of an account's history: as many of its oldest deals and ended orders as fit into one reply.
// Invariant: a page holds all that is dated before its end and nothing later, so that pages one after the other are the
// whole history; where everything fits, it has no end.
import { isoUtc } from './wire-rows.ts';

export interface PageLimits {
  /** Deals, and as many ended orders. */
  rows: number;
  /** Of the whole reply. */
  bytes: number;
}

/** What the other side takes at most. */
export const PAGE_LIMITS: PageLimits = { rows: 10_000, bytes: 4 * 1_048_576 };
/** Envelope and signature. */
const FRAME_BYTES = 1_024;

interface History<D, O> {
  deals: D[];
  history_orders: O[];
}

/**
 * The page that begins where `history` does and goes up to `toMs` (UTC; null: to its end) or as far as `limits` allow,
 * beside `restBytes` of other things in the reply.
 */
export function historyPage<D extends { time: string }, O extends { time_done: string }>(
  history: History<D, O>,
  toMs: number | null,
  { limits, restBytes }: { limits: PageLimits; restBytes: number },
): History<D, O> & { deals_to: string | null } {
  const dealAt = (row: D) => Date.parse(row.time);
  const orderAt = (row: O) => Date.parse(row.time_done);
  const all = [
    ...history.deals.map((row) => ({ kind: 'deal', atMs: dealAt(row), bytes: sizeOf(row) })),
    ...history.history_orders.map((row) => ({ kind: 'order', atMs: orderAt(row), bytes: sizeOf(row) })),
  ].sort((a, b) => a.atMs - b.atMs);
  const counts: Record<string, number> = {};
  let bytes = restBytes + FRAME_BYTES;
  const beyond = all.find(({ kind, atMs, bytes: size }) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    bytes += size;
    return (toMs !== null && atMs >= toMs) || counts[kind] > limits.rows || bytes > limits.bytes;
  });
  const endMs = Math.min(beyond?.atMs ?? Number.POSITIVE_INFINITY, toMs ?? Number.POSITIVE_INFINITY);
  return {
    deals: history.deals.filter((row) => dealAt(row) < endMs),
    history_orders: history.history_orders.filter((row) => orderAt(row) < endMs),
    deals_to: Number.isFinite(endMs) ? isoUtc(endMs) : null,
  };
}

const sizeOf = (row: object): number => Buffer.byteLength(JSON.stringify(row)) + 1;
