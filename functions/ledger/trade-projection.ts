/**
 * Trades are what a position's deals say: a pure projection, the same for any order or repetition of the facts. Nothing is
 * ever estimated. Invariants (domain 1.2, 2.7):
 *  1. the money of a trade is the sum over its deals of profit, swap, commission and fee; each deal's money is in one trade,
 *     that of a reversal in the two that it parts;
 *  2. volume and price come from trade deals alone: a split or a roll-over is money;
 *  3. a trade is closed only by deals that take out all that went in; then its legs sum up to it to the last digit;
 *  4. what closes something whose opening nobody has told of yet is no trade's until then.
 * An episode is one life of a position's number: a reversal, or volume that comes in after all was out, begins the next.
 */
import { Big, compare, plain, sum, weightedAverage } from '../platform/decimal.ts';
import { isPositionDeal, isTradeDeal } from './deal-class.ts';

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
type Amounts = { profit: string; swap: string; commission: string; fee: string; net: string };

/** What one closing deal realised: its own money, and its part of what the entry and the nights had cost until then. */
export type TradeLeg = Amounts & {
  dealTicket: string;
  leg: number;
  volume: string;
  exitPrice: string;
  closedMs: number;
};
export type Trade = Amounts & {
  positionId: string;
  episode: number;
  symbol: string;
  side: 'buy' | 'sell';
  status: 'open' | 'closed' | 'closing_unconfirmed';
  volume: string;
  volumeOpen: string;
  entryPrice: string;
  exitPrice: string | null;
  openedMs: number;
  closedMs: number | null;
  exitReason: string | null;
  /** The position that closed it, where one was closed by another. */
  closedBy: string | null;
  /** The deals that opened it, in the broker's order. */
  opening: readonly Deal[];
  legs: readonly TradeLeg[];
};
export type ProjectionContext = {
  /** Digits to which the account's currency is shared out. */
  places: number;
  /** Of an OUT_BY deal the other position, by the deal's ticket. */
  closedBy: ReadonlyMap<string, string>;
};

const PRICE_PLACES = 8;
const KINDS = ['profit', 'swap', 'commission', 'fee'] as const;
type Money = Record<(typeof KINDS)[number], Big>;

/**
 * Deals as the server made them: it numbers those of an account one after the other, while its clock may be set back and date an
 * end before its beginning.
 */
export const inBrokerOrder = <D extends Deal>(deals: readonly D[]): D[] =>
  [...deals].sort((a, b) => byTicket(a.ticket, b.ticket));

/** Tickets are whole numbers; of the same length their text is in their order. */
function byTicket(a: string, b: string): number {
  if (a.length === b.length) return a < b ? -1 : a > b ? 1 : 0;
  return compare(a, b);
}

type Fill = { price: string; volume: string };
type Exit = { deal: Deal; volume: Big; money: Money };
type Episode = {
  side: 'buy' | 'sell';
  opening: Deal[];
  entries: Fill[];
  exits: Exit[];
  open: Big;
  /** What entry and nights have cost that no leg carries yet. */
  carried: Money;
};

/**
 * The trades of one position, the oldest first, from all its deals; none where nothing opened it. `atBroker` says whether
 * the last valid snapshot shows the position; one that is gone while volume is open is never taken for closed.
 */
export function projectTrades(
  deals: readonly Deal[],
  atBroker: boolean,
  context: ProjectionContext,
): Trade[] {
  const episodes: Episode[] = [];
  const early: Deal[] = [];
  for (const d of inBrokerOrder(deals.filter(isPositionDeal))) {
    const current = episodes.at(-1);
    if (!movesVolume(d)) current ? carry(current, moneyOf(d)) : early.push(d);
    else if (d.entry === 'in') enter(episodes, d);
    else if (current?.open.gt(0)) leave(episodes, current, d, context.places);
  }
  const [first] = episodes;
  if (first !== undefined) for (const d of early) carry(first, moneyOf(d));
  return episodes.map((e, episode) => tradeOf(e, episode, atBroker, context));
}

const movesVolume = (d: Deal): boolean => isTradeDeal(d) && new Big(d.volume).gt(0);

const moneyOf = (d: Deal): Money => eachKind((kind) => new Big(d[kind]));
const eachKind = (of: (kind: (typeof KINDS)[number]) => Big): Money => ({
  profit: of('profit'),
  swap: of('swap'),
  commission: of('commission'),
  fee: of('fee'),
});
const plus = (a: Money, b: Money): Money => eachKind((kind) => a[kind].plus(b[kind]));
const minus = (a: Money, b: Money): Money => eachKind((kind) => a[kind].minus(b[kind]));

const carry = (e: Episode, money: Money): void => {
  e.carried = plus(e.carried, money);
};

/** `part` of `whole` lots' money, rounded half away from zero to `places`; all of it where no more than that is left. */
const share = (money: Money, part: Big, whole: Big, places: number): Money =>
  part.gte(whole)
    ? money
    : eachKind((kind) => money[kind].times(part).div(whole).round(places, Big.roundHalfUp));

/** Volume that comes in after all was out is the next life of the position's number. */
function enter(episodes: Episode[], d: Deal): void {
  const current = episodes.at(-1);
  if (current === undefined || current.open.eq(0)) {
    begin(episodes, d, new Big(d.volume), moneyOf(d));
    return;
  }
  current.opening.push(d);
  current.entries.push(d);
  current.open = current.open.plus(d.volume);
  carry(current, moneyOf(d));
}

function begin(episodes: Episode[], d: Deal, volume: Big, carried: Money): void {
  const side = d.type === 'buy' ? 'buy' : 'sell';
  const entries = [{ price: d.price, volume: plain(volume) }];
  episodes.push({ side, opening: [d], entries, exits: [], open: volume, carried });
}

/**
 * Volume that goes out of a life that is open. A reversal (INOUT) closes it, its profit and swap with it, and opens the rest on
 * the other side; its commission and fee are shared by volume.
 */
function leave(episodes: Episode[], e: Episode, d: Deal, places: number): void {
  const volume = new Big(d.volume);
  const turns = d.entry === 'inout' && volume.gt(e.open);
  const out = turns ? e.open : volume;
  const whole = moneyOf(d);
  const closing = turns
    ? { ...share(whole, out, volume, places), profit: whole.profit, swap: whole.swap }
    : whole;
  const costs = share(e.carried, out, e.open, places);
  e.exits.push({ deal: d, volume: out, money: plus(closing, costs) });
  e.carried = minus(e.carried, costs);
  e.open = e.open.minus(out);
  if (turns) begin(episodes, d, volume.minus(out), minus(whole, closing));
}

function tradeOf(e: Episode, episode: number, atBroker: boolean, { closedBy }: ProjectionContext): Trade {
  const first = e.opening[0] as Deal;
  const last = e.exits.at(-1);
  const flat = e.open.eq(0) && last !== undefined;
  const total = amountsOf(e.exits.reduce((money, x) => plus(money, x.money), e.carried));
  // What was charged after the end is the last leg's.
  if (flat) last.money = plus(last.money, e.carried);
  return {
    positionId: first.positionId,
    episode,
    symbol: first.symbol,
    side: e.side,
    status: flat ? 'closed' : atBroker ? 'open' : 'closing_unconfirmed',
    volume: sum(e.entries.map((f) => f.volume)),
    volumeOpen: plain(e.open),
    entryPrice: weightedAverage(e.entries, PRICE_PLACES) ?? plain(first.price),
    exitPrice: weightedAverage(
      e.exits.map((x) => ({ price: x.deal.price, volume: plain(x.volume) })),
      PRICE_PLACES,
    ),
    ...total,
    openedMs: first.timeMs,
    closedMs: flat ? last.deal.timeMs : null,
    exitReason: flat ? last.deal.reason : null,
    closedBy: flat ? (closedBy.get(last.deal.ticket) ?? null) : null,
    opening: e.opening,
    legs: e.exits.map(({ deal, volume, money }, i) => ({
      dealTicket: deal.ticket,
      leg: i + 1,
      volume: plain(volume),
      exitPrice: plain(deal.price),
      closedMs: deal.timeMs,
      ...amountsOf(money),
    })),
  };
}

function amountsOf(money: Money): Amounts {
  const net = money.profit.plus(money.swap).plus(money.commission).plus(money.fee);
  const { profit, swap, commission, fee } = money;
  return {
    profit: plain(profit),
    swap: plain(swap),
    commission: plain(commission),
    fee: plain(fee),
    net: plain(net),
  };
}
