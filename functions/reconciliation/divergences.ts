/**
 * Where our books and the broker's differ, or have changed without us: the table of domain 2.5, by subject; and what the
 * next run has to ask for because of it. Pure, and the same for any order of the rows.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { latestVersions, type StoredDeal } from '../ledger/deal-revision.ts';
import type { KnownCommand } from '../ledger/planned-trade.ts';
import type { Deal, Trade } from '../ledger/trade-projection.ts';
import { accountDivergences, dealDivergences, restatedDivergences } from './deal-divergences.ts';
import { type Divergence, INCIDENT_AFTER_MS, nameOf } from './divergence-code.ts';
import { isPage } from './history-cursor.ts';
import { equityGap, unmappedSymbols } from './money-divergences.ts';
import { orderDivergences } from './order-divergences.ts';
import { positionDivergences, volumeGap } from './position-divergences.ts';
import type { StoredBooks } from './stored-books.ts';

/** All that is known of one broker position, whatever its deals say of it. */
export type PositionView = {
  positionId: string;
  /** Stored and new, of this position alone. */
  deals: readonly Deal[];
  /** Its opening deals in the broker's order. */
  opening: readonly Deal[];
  command: KnownCommand | null;
  /** Its present life, or the last one. */
  trade: Pick<Trade, 'status' | 'side' | 'symbol' | 'volume' | 'volumeOpen' | 'openedMs'>;
  /** What stands at the broker; absent where nothing does, or only a page of the history was seen. */
  position: Snapshot['positions'][number] | undefined;
};
export type Restated = { from: Deal; to: Deal };
type Seen = {
  state: { namespace: number; deals: readonly StoredDeal[] };
  books: StoredBooks;
  snapshot: Snapshot;
  newDeals: readonly StoredDeal[];
  views: readonly PositionView[];
  /** Positions that stand open at the broker and have no opening deal with us. */
  unbooked: readonly Snapshot['positions'][number][];
  /** Commands that have an opening deal. */
  executed: readonly { id: string; positionId: string }[];
};
export type Compared = Seen & {
  /** Whether all of the history was seen. */
  whole: boolean;
  /** Deals that came since the books are kept, and of which no version is stored yet; and their tickets. */
  news: readonly Deal[];
  newTickets: ReadonlySet<string>;
  /** Deals that are stored and that the broker states otherwise now. */
  restated: readonly Restated[];
};

/** Everything that a comparison found, each once. */
export function divergencesOf(seen: Seen): Divergence[] {
  const { books, newDeals, snapshot, state, unbooked, views } = seen;
  // What was before we began to look differs from nothing.
  const sinceMs = books.boundMs ?? snapshot.captured_at;
  const stored = new Map(latestVersions(state.deals).map((d) => [d.ticket, d]));
  const news = newDeals.filter((d) => !stored.has(d.ticket) && d.timeMs > sinceMs);
  const of: Compared = {
    ...seen,
    whole: !isPage(snapshot),
    news,
    newTickets: new Set(news.map((d) => d.ticket)),
    restated: newDeals.flatMap((to) => {
      const from = stored.get(to.ticket);
      return from === undefined ? [] : [{ from, to }];
    }),
  };
  const found = [
    ...views.flatMap((view) => [...positionDivergences(of, view), ...dealDivergences(of, view)]),
    // What is open at the broker and has no opening deal with us, whatever else we know of it.
    ...unbooked.map((p) => volumeGap(p.identifier, p.volume, '0')),
    ...orderDivergences(of),
    ...accountDivergences(of),
    ...restatedDivergences(of),
    ...equityGap(of),
    ...unmappedSymbols(of),
    ...resolved(of),
  ];
  return [...new Map(found.map((d) => [nameOf(d), d])).values()];
}

/** Commands whose fate was open, or thought to be that nothing was done, and that the ledger shows as executed. */
function resolved({ books, executed }: Compared): Divergence[] {
  return executed.flatMap(({ id, positionId }) => {
    const command = books.commands.find((c) => c.id === id);
    if (command?.state !== 'unknown' && command?.state !== 'not_executed') return [];
    const evidence = { position: positionId, was: command.state };
    return [{ code: 'UNKNOWN_RESOLVED_DONE' as const, brokerKey: id, evidence }];
  });
}

/** Those that stood before this comparison are no news. */
export function newsOf(divergences: readonly Divergence[], books: StoredBooks): Divergence[] {
  const known = new Set(books.divergences.map(nameOf));
  return divergences.filter((d) => !known.has(nameOf(d)));
}

/** Since when the history is to be asked for again; `null`: from the beginning. Undefined: it need not be. */
export function resyncFrom(
  divergences: readonly Divergence[],
  books: StoredBooks,
  capturedMs: number,
): number | null | undefined {
  const fresh = newsOf(divergences, books);
  // Once: what the whole history does not explain it will not explain the next minute.
  if (fresh.some((d) => d.code === 'VOLUME_GAP' || d.code === 'EQUITY_GAP')) return null;
  const since = new Map(books.divergences.map((d) => [nameOf(d), d.detectedMs]));
  // A terminal books a close some time after it took the position out: from its opening on, until that is an incident.
  const missing = divergences.filter(
    (d) =>
      d.code === 'MISSING_NO_DEALS' && capturedMs - (since.get(nameOf(d)) ?? capturedMs) < INCIDENT_AFTER_MS,
  );
  const opened = missing.map((d) => Number(d.evidence['opened_ms']));
  return opened.length === 0 ? undefined : Math.min(...opened);
}

/** Whether anything of it is to be done at once: orders to take back, stops to set. */
export const asksForAct = (divergences: readonly Divergence[]): boolean =>
  divergences.some(
    (d) =>
      d.code === 'SLTP_MISSING_AFTER_FILL' ||
      ((d.code === 'DUPLICATE_EXECUTION' || d.code === 'LATE_PENDING') &&
        d.evidence['order_ticket'] !== undefined),
  );
