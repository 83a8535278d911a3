/**
 * A trade is what its position's deals say: a pure projection, the same for any order or repetition of the facts.
 * Money of a trade is the sum over all its deals of profit, swap, commission and fee; volume and average price come
 * from trade deals alone (a split or a roll-over is money, not volume). Nothing is ever estimated.
 */
import { Big, compare, plain, sum, weightedAverage } from '../platform/decimal.ts';

export type Deal = {
  ticket: string;
  orderTicket: string;
  positionId: string;
  timeMs: number;
  type: string;
  entry: 'in' | 'out' | 'inout' | 'out_by' | null;
  magic: string;
  reason: string;
  symbol: string;
  volume: string;
  price: string;
  commission: string;
  swap: string;
  profit: string;
  fee: string;
  comment: string;
  externalId: string;
};

export type Trade = {
  positionId: string;
  symbol: string;
  side: 'buy' | 'sell';
  status: 'open' | 'closed' | 'closing_unconfirmed';
  volume: string;
  volumeOpen: string;
  entryPrice: string;
  exitPrice: string | null;
  profit: string;
  swap: string;
  commission: string;
  fee: string;
  net: string;
  openedMs: number;
  closedMs: number | null;
  exitReason: string | null;
};

/** Deals that move money but neither volume nor price (domain 1.2). */
const TECHNICAL = new Set(['rollover', 'vmargin', 'split', 'corporate_action']);
const PRICE_PLACES = 8;

/** Whether a deal opens or closes volume. Branches on the type first: a deposit's `entry` means nothing. */
export const isTradeDeal = (d: Deal): boolean =>
  (d.type === 'buy' || d.type === 'sell') && d.entry !== null && !TECHNICAL.has(d.reason);

/** Deals oldest first; tickets of one moment in the broker's own order. */
export const inBrokerOrder = (deals: readonly Deal[]): Deal[] =>
  [...deals].sort((a, b) => a.timeMs - b.timeMs || compare(a.ticket, b.ticket));

type Leg = { price: string; volume: string };

/**
 * The trade of one position from all its deals, or null where none of them opened it. `atBroker` says whether the last
 * valid snapshot shows the position; a position that is gone while volume is open is never taken for closed.
 */
export function projectTrade(deals: readonly Deal[], atBroker: boolean): Trade | null {
  const ordered = inBrokerOrder(deals);
  const first = ordered.find((d) => isTradeDeal(d) && d.entry === 'in');
  if (first === undefined) return null;
  const { side, entries, exits, open, last } = walk(ordered, first.type === 'buy' ? 'buy' : 'sell');
  const money = (key: 'profit' | 'swap' | 'commission' | 'fee') => sum(ordered.map((d) => d[key]));
  const parts = {
    profit: money('profit'),
    swap: money('swap'),
    commission: money('commission'),
    fee: money('fee'),
  };
  const flat = open.eq(0);
  return {
    positionId: first.positionId,
    symbol: first.symbol,
    side,
    status: flat ? 'closed' : atBroker ? 'open' : 'closing_unconfirmed',
    volume: sum(entries.map((l) => l.volume)),
    volumeOpen: plain(open),
    entryPrice: weightedAverage(entries, PRICE_PLACES) ?? plain(first.price),
    exitPrice: weightedAverage(exits, PRICE_PLACES),
    ...parts,
    net: sum(Object.values(parts)),
    openedMs: first.timeMs,
    closedMs: flat && last ? last.timeMs : null,
    exitReason: flat && last ? last.reason : null,
  };
}

/** Goes through the legs; a reversal (INOUT) closes what is open and opens the rest on the other side. */
function walk(ordered: readonly Deal[], opened: 'buy' | 'sell') {
  let side = opened;
  let entries: Leg[] = [];
  let exits: Leg[] = [];
  let open = new Big(0);
  let last: Deal | null = null;
  for (const d of ordered.filter(isTradeDeal)) {
    if (d.entry === 'in') {
      entries.push(d);
      open = open.plus(d.volume);
    } else if (d.entry === 'inout') {
      const rest = new Big(d.volume).minus(open);
      side = d.type === 'buy' ? 'buy' : 'sell';
      entries = [{ price: d.price, volume: plain(rest) }];
      exits = [];
      open = rest;
    } else {
      exits.push(d);
      open = open.minus(d.volume);
      last = d;
    }
  }
  return { side, entries, exits, open, last };
}
