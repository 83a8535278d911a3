/**
 * Which position each deal of a list belongs to. Terminals print deals without it, so it is found again from what a server
 * does (domain 1.2): a position is named by the order that opened it; on a hedging account an exit closes one position of the
 * other side; on a netting account a symbol has one position, which a larger opposite deal reverses. Of several positions that
 * a hedging exit may have closed it is the one whose price explains the profit that is stated, and of those that explain it
 * alike the one of just this volume, then the oldest. Invariants: volumes come out even, no exit is greater than what it
 * closes; a deal is judged by those before it alone, so that a longer list of the same account says the same of each; money
 * does not depend on any of this, only which entry an exit is shown with.
 */
import { Big } from '../../functions/platform/decimal.ts';
import { inServerOrder, type MarginMode, type StatementDeal } from './statement-deal.ts';
import { StatementFault } from './statement-table.ts';

type Open = { id: string; side: 'buy' | 'sell'; price: Big; volume: Big };
type Walk = (deal: StatementDeal, book: Book) => string;

/** What is open in a symbol, and what a price move of one is worth there on one lot, once an exit has shown it. */
type Book = { open: Open[]; worth: { value: Big; shownBy: Big } | null };

/**
 * The same deals, each with its position; those that trade nothing have none. Without a `mode` it is what the list shows: a
 * reversal, or an exit that no single position could have given, is of a netting account.
 */
export function withPositions(
  deals: readonly StatementDeal[],
  mode: MarginMode | null,
): { deals: StatementDeal[]; mode: MarginMode } {
  if (mode !== null) return { deals: assigned(deals, WALKS[mode]), mode };
  if (deals.some((d) => d.entry === 'inout')) return withPositions(deals, 'netting');
  try {
    return withPositions(deals, 'hedging');
  } catch (e) {
    if (!(e instanceof StatementFault)) throw e;
    try {
      return withPositions(deals, 'netting');
    } catch {
      // Neither explains it: most accounts hedge, so its reason is the one that helps.
      throw e;
    }
  }
}

function assigned(deals: readonly StatementDeal[], walk: Walk): StatementDeal[] {
  const books = new Map<string, Book>();
  return inServerOrder(deals).map((deal) => {
    if (deal.entry === null || (deal.type !== 'buy' && deal.type !== 'sell')) return deal;
    const book = books.get(deal.symbol) ?? { open: [], worth: null };
    books.set(deal.symbol, book);
    return { ...deal, positionId: walk(deal, book) };
  });
}

const sideOf = ({ type }: StatementDeal): 'buy' | 'sell' => (type === 'buy' ? 'buy' : 'sell');

const opened = (deal: StatementDeal, volume = new Big(deal.volume)): Open => ({
  ...{ id: deal.orderTicket, side: sideOf(deal), price: new Big(deal.price), volume },
});

const tooMuch = (deal: StatementDeal): StatementFault =>
  new StatementFault(
    deal.line,
    `it closes ${deal.volume} lots of ${deal.symbol} that nothing before it opened`,
  );

const WALKS: Readonly<Record<MarginMode, Walk>> = {
  hedging(deal, book) {
    if (deal.entry === 'inout') throw new StatementFault(deal.line, 'a hedging account reverses no position');
    if (deal.entry === 'in') {
      book.open.push(opened(deal));
      return deal.orderTicket;
    }
    const position = closedBy(deal, book);
    if (position === null) throw tooMuch(deal);
    position.volume = position.volume.minus(deal.volume);
    book.open = book.open.filter((p) => p.volume.gt(0));
    return position.id;
  },
  netting(deal, book) {
    const [position] = book.open;
    if (deal.entry === 'out_by')
      throw new StatementFault(deal.line, 'a netting account closes none by another');
    if (position === undefined) {
      if (deal.entry !== 'in') throw tooMuch(deal);
      book.open = [opened(deal)];
      return deal.orderTicket;
    }
    if ((deal.entry === 'in') !== (position.side === sideOf(deal)))
      throw new StatementFault(deal.line, `a ${deal.type} deal cannot be ${deal.entry} of this position`);
    const rest = position.volume.minus(deal.volume);
    if (deal.entry === 'in') position.volume = position.volume.plus(deal.volume);
    else if (deal.entry === 'out' ? rest.lt(0) : rest.gte(0)) throw tooMuch(deal);
    else if (rest.eq(0)) book.open = [];
    else book.open = [{ ...position, side: rest.lt(0) ? sideOf(deal) : position.side, volume: rest.abs() }];
    return position.id;
  },
};

/** The position that a hedging exit closed, in whole or in part. */
function closedBy(deal: StatementDeal, book: Book): Open | null {
  const candidates = book.open.filter((p) => p.side !== sideOf(deal) && p.volume.gte(deal.volume));
  const [only] = candidates;
  if (only === undefined) return null;
  const { worth } = book;
  if (candidates.length === 1) {
    learn(deal, only, book);
    return only;
  }
  // To the cent and a little more: the worth itself was found from a profit rounded to cents.
  const misfit = (p: Open): number =>
    worth === null ? 0 : Number(move(deal, p).times(worth.value).minus(deal.profit).abs().round(1));
  const rank = (p: Open) => [misfit(p), p.volume.eq(deal.volume) ? 0 : 1] as const;
  return candidates.reduce((best, p) => {
    const [a, b] = [rank(best), rank(p)];
    return b[0] < a[0] || (b[0] === a[0] && b[1] < a[1]) ? p : best;
  });
}

/** How far the price went for the position, times lots. */
const move = (deal: StatementDeal, p: Open): Big =>
  new Big(deal.price)
    .minus(p.price)
    .times(p.side === 'buy' ? 1 : -1)
    .times(deal.volume);

/** An exit that leaves no choice shows what a move is worth, the greater the better. */
function learn(deal: StatementDeal, p: Open, book: Book): void {
  const moved = move(deal, p);
  if (moved.eq(0) || moved.abs().lte(book.worth?.shownBy ?? 0)) return;
  book.worth = { value: new Big(deal.profit).div(moved), shownBy: moved.abs() };
}
