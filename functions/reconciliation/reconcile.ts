/**
 * The plan that makes our books equal the broker's. Pure, deterministic and total: the same state and snapshot give
 * the same plan, and a plan applied twice changes nothing the second time. Invariants (domain 2.7):
 *  1. every deal is stored once and attributed to one trade at most;
 *  2. a trade is closed only when its deals say so, never because its position is gone;
 *  3. the broker's ledger wins for what is realised, the snapshot for what is open; no deal is ever invented;
 *  4. what is open is judged by a whole history alone: in one page of it the end of a trade may be yet to come.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { type BookedSums, bookedBy } from '../ledger/booked-sums.ts';
import { currencyPlaces } from '../ledger/currency-places.ts';
import { latestVersions, newVersions, type StoredDeal } from '../ledger/deal-revision.ts';
import {
  type Adoption,
  commandNumber,
  type KnownCommand,
  type PlannedTrade,
  type PositionTerms,
  type ProjectedPosition,
  projectPositions,
} from '../ledger/planned-trade.ts';
import type { Deal } from '../ledger/trade-projection.ts';
import type { Divergence } from './divergence-code.ts';
import { divergencesOf, newsOf, type PositionView, resyncFrom } from './divergences.ts';
import { isPage } from './history-cursor.ts';
import { NOTHING_STORED, type StoredBooks } from './stored-books.ts';

export type { KnownCommand, PlannedTrade };
export type ReconcileState = {
  accountId: string;
  namespace: number;
  /**
   * Stored deals, every version of each, of every position that the snapshot's deals or positions name and of every trade
   * still open, and those of the account that the snapshot names.
   */
  deals: readonly StoredDeal[];
  /** Commands whose magic or position the snapshot names. */
  commands: readonly KnownCommand[];
  /** Positions among those that a person adopted. */
  adoptions: readonly Adoption[];
  /** What was kept of those positions' lives. */
  terms: readonly PositionTerms[];
  /** Of OUT_BY deals the other position, by ticket. */
  closedBy: ReadonlyMap<string, string>;
  /** The account's names of our instruments at its broker. */
  symbols: Readonly<Record<string, string>>;
};
export type ReconcilePlan = {
  /** Unknown deals, and new versions of known ones. */
  newDeals: StoredDeal[];
  /** By how much the account's running sums grow with them. */
  sums: BookedSums;
  trades: PlannedTrade[];
  /** Positions whose deals are others now: what is stored of them and is not among `trades` is no more. */
  positions: string[];
  /** To be kept beside the deals. */
  terms: PositionTerms[];
  divergences: Divergence[];
  /** Those of them that did not stand before. */
  events: Divergence[];
  /** Since when the history is to be asked for again; null: from the beginning, absent: it need not be. */
  resyncFromMs?: number | null;
  /** Commands that have at least one opening deal, whatever their state says. */
  executedCommands: {
    id: string;
    positionId: string;
    orderTicket: string;
    /** Of a pending order filled in part: the rest of it goes on. */
    works: boolean;
  }[];
};

/** The broker's deal in our own words. */
export const dealOf = (d: Snapshot['deals'][number]): Deal => ({
  ticket: d.ticket,
  orderTicket: d.order,
  positionId: d.position_id,
  timeMs: d.time,
  type: d.type,
  entry: d.entry,
  magic: d.magic,
  reason: d.reason,
  symbol: d.symbol,
  volume: d.volume,
  price: d.price,
  commission: d.commission,
  swap: d.swap,
  profit: d.profit,
  fee: d.fee,
  comment: d.comment,
  externalId: d.external_id,
});

/** Compares the books with a snapshot that passed the gate. `books`: what is stored beside the ledger. */
export function reconcile(
  state: ReconcileState,
  snapshot: Snapshot,
  books: StoredBooks = NOTHING_STORED,
): ReconcilePlan {
  const newDeals = newVersions(state.deals, snapshot.deals.map(dealOf));
  const whole = !isPage(snapshot);
  const open = new Map((whole ? snapshot.positions : []).map((p) => [p.identifier, p]));
  const projected = projectPositions({
    ...state,
    deals: latestVersions([...state.deals, ...newDeals]),
    places: currencyPlaces(snapshot.account.currency),
    shown: whole ? new Map([...open].map(([id, p]) => [id, { stopLoss: p.sl, takeProfit: p.tp }])) : null,
    tickOf: (symbol) => {
      const spec = snapshot.symbols.find((s) => s.symbol === symbol);
      return spec ? { tickSize: spec.tick_size ?? null, tickValueLoss: spec.tick_value_loss ?? null } : null;
    },
    atMs: snapshot.captured_at,
  });
  const lives = projected.flatMap((p) => p.lives);
  const views = projected.flatMap((p) => viewOf(p, open));
  const booked = new Set(views.map((v) => v.positionId));
  const unbooked = [...open.values()].filter((p) => !booked.has(p.identifier));
  const executedCommands = executedOf(projected, snapshot);
  const seen = { state, books, snapshot, newDeals, views, unbooked, executed: executedCommands };
  const divergences = divergencesOf(seen);
  const resyncFromMs = resyncFrom(divergences, books, snapshot.captured_at);
  return {
    newDeals,
    sums: bookedBy(state.deals, newDeals),
    trades: lives.map((l) => l.planned),
    positions: positionsOf(state, newDeals),
    terms: lives.flatMap((l) => l.terms ?? []),
    divergences,
    events: newsOf(divergences, books),
    ...(resyncFromMs === undefined ? {} : { resyncFromMs }),
    executedCommands,
  };
}

/** Positions that new deals name, and that the versions before them named. */
function positionsOf(state: ReconcileState, newDeals: readonly StoredDeal[]): string[] {
  const tickets = new Set(newDeals.map((d) => d.ticket));
  const named = [...newDeals, ...state.deals.filter((d) => tickets.has(d.ticket))].map((d) => d.positionId);
  return [...new Set(named)].filter((id) => id !== '0');
}

/** A position by its present life, or the last one. */
function viewOf(
  { positionId, deals, lives }: ProjectedPosition,
  open: ReadonlyMap<string, Snapshot['positions'][number]>,
): PositionView[] {
  const last = lives.at(-1);
  if (last === undefined) return [];
  const { trade, command } = last;
  return [{ positionId, deals, opening: trade.opening, command, trade, position: open.get(positionId) }];
}

/** Each command once, by the first life that it opened. */
function executedOf(projected: readonly ProjectedPosition[], s: Snapshot): ReconcilePlan['executedCommands'] {
  const found = new Map<string, ReconcilePlan['executedCommands'][number]>();
  for (const { positionId, lives } of projected)
    for (const { command, trade } of lives) {
      if (command === null || found.has(command.id)) continue;
      const number = commandNumber(command.magic);
      const works = s.orders.some((o) => isPending(o.type) && commandNumber(o.magic) === number);
      const opened = trade.opening.find((d) => commandNumber(d.magic) === number) ?? trade.opening[0];
      const orderTicket = opened?.orderTicket ?? positionId;
      found.set(command.id, { id: command.id, positionId, orderTicket, works });
    }
  return [...found.values()];
}

const isPending = (type: string): boolean => /_(limit|stop)$/.test(type);
