/**
 * The list of deals of MetaTrader 5: the section "Deals" of its reports (strategy tester and account history), or the same
 * columns as CSV. Invariants: the balance column follows from the deals (`balance-column.ts`), or the list is refused at the line
 * where it does not; a report is taken only with the totals that end its list, and only where they agree.
 */
import { Big, plain } from '../../functions/platform/decimal.ts';
import { checkBalanceColumn } from './balance-column.ts';
import { columnsOf, StatementCells } from './statement-cell.ts';
import { bareDeal, inServerOrder, type StatementDeal } from './statement-deal.ts';
import { StatementFault, type TableRow } from './statement-table.ts';

const NEEDED = [
  ...(['time', 'deal', 'symbol', 'type', 'direction', 'volume', 'price', 'order'] as const),
  ...(['commission', 'swap', 'profit', 'balance'] as const),
];
type Column = (typeof NEEDED)[number] | 'fee' | 'comment' | 'position';
type Cells = StatementCells<Column>;
const NAMES: Readonly<Record<string, Column>> = {
  ...Object.fromEntries(NEEDED.map((name) => [name, name])),
  ...{ fee: 'fee', comment: 'comment', position: 'position' },
};
const MONEY = ['profit', 'swap', 'commission', 'fee'] as const;
/** As terminals print the types, and as the books name them. */
const CASH_TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['balance', 'credit', 'charge', 'correction', 'bonus', 'commission', 'dividend', 'tax'].map((t) => [
      t,
      t,
    ]),
  ),
  ...{ 'daily commission': 'commission_daily', 'monthly commission': 'commission_monthly' },
  ...{ 'daily agent commission': 'agent_daily', 'monthly agent commission': 'agent_monthly' },
  ...{ 'agent commission daily': 'agent_daily', 'agent commission monthly': 'agent_monthly' },
  ...{ interest: 'interest', 'interest rate': 'interest' },
  ...{ 'franked dividend': 'dividend_franked', 'dividend franked': 'dividend_franked' },
  ...{ 'canceled buy': 'buy_canceled', 'canceled sell': 'sell_canceled' },
  ...{ 'buy canceled': 'buy_canceled', 'sell canceled': 'sell_canceled' },
};
const ENTRIES: Readonly<Record<string, NonNullable<StatementDeal['entry']>>> = {
  ...{ in: 'in', out: 'out', 'in/out': 'inout', 'out by': 'out_by' },
};
const COMMENT_LENGTH = 100;

type ListedDeal = StatementDeal & { balance: string; cells: string };

/** Whether a row heads such a list. */
export const isDealHeading = ({ cells }: TableRow): boolean => {
  const names = cells.map((cell) => cell.toLowerCase());
  return ['time', 'deal', 'direction'].every((name) => names.includes(name));
};

/**
 * The deals of a table, oldest first; `heading` is its row in it. Of a report (`totals`) the list ends with a row of totals,
 * else with the table.
 */
export function mt5Deals(rows: readonly TableRow[], heading: number, totals: boolean): StatementDeal[] {
  const head = rows[heading];
  if (head === undefined) throw new StatementFault(1, 'there is no list of deals');
  const columns = columnsOf(head, NAMES, NEEDED);
  const listed = new Map<string, ListedDeal>();
  let end: Cells | null = null;
  for (const row of rows.slice(heading + 1)) {
    const cells = new StatementCells(row, columns);
    if (totals && cells.text('time') === '' && cells.text('deal') === '') {
      end = cells;
      break;
    }
    const deal = dealOf(cells, row);
    const before = listed.get(deal.ticket);
    if (before !== undefined && before.cells !== deal.cells)
      throw cells.fault(`deal ${deal.ticket} stands in line ${before.line} too, with other figures`);
    if (before === undefined) listed.set(deal.ticket, deal);
  }
  const deals = inServerOrder([...listed.values()]);
  if (deals.length === 0) throw new StatementFault(head.line, 'there are no deals');
  checkBalance([...listed.values()], deals);
  if (totals) checkTotals(deals, end, rows.at(-1)?.line ?? head.line);
  return deals.map(({ balance: _, cells: __, ...deal }) => deal);
}

function dealOf(cells: Cells, row: TableRow): ListedDeal {
  const deal = bareDeal(row.line, cells.ticket('deal'), cells.moment('time'));
  const comment = cells.text('comment');
  const [commission, swap, profit] = [
    cells.number('commission'),
    cells.number('swap'),
    cells.number('profit'),
  ];
  const order = cells.text('order') === '' ? '0' : cells.ticket('order');
  return {
    ...deal,
    ...{ commission, swap, profit, fee: cells.number('fee', '0') },
    ...{ orderTicket: order, comment: comment.slice(0, COMMENT_LENGTH), reason: reasonOf(comment) },
    ...tradeOf(cells, order),
    balance: cells.number('balance'),
    cells: JSON.stringify(row.cells),
  };
}

/** What a deal traded; nothing, for money of the account. */
function tradeOf(cells: Cells, order: string): Partial<StatementDeal> {
  const type = cells.text('type').toLowerCase();
  const symbol = cells.text('symbol');
  if (type !== 'buy' && type !== 'sell') {
    const known = CASH_TYPES[type];
    if (known === undefined)
      throw cells.fault(`there is no type of deal ${JSON.stringify(type.slice(0, 40))}`);
    return { type: known, symbol };
  }
  const entry = ENTRIES[cells.text('direction').toLowerCase()];
  if (entry === undefined) throw cells.fault('direction is neither in, out, in/out nor out by');
  if (symbol === '') throw cells.fault('symbol is empty');
  if (order === '0') throw cells.fault('order is empty');
  return { type, entry, symbol, volume: cells.positive('volume'), price: cells.positive('price') };
}

/** The server writes why it closed over the comment (domain 1.2); who else closed it no list of deals says. */
const reasonOf = (comment: string): string =>
  /^\[?(sl|tp|so)\b/i.exec(comment)?.[1]?.toLowerCase() ?? 'client';

/** Credit is no balance; all other money is. */
const moved = (d: StatementDeal): Big =>
  d.type === 'credit' ? new Big(0) : MONEY.reduce((total, name) => total.plus(d[name]), new Big(0));

/** Whether the column follows, with the deals as they stand in the file and as they happened. */
function checkBalance(listed: readonly ListedDeal[], happened: readonly ListedDeal[]): void {
  const steps = (deals: readonly ListedDeal[]) =>
    deals.map((d) => ({ line: d.line, moved: plain(moved(d)), balance: d.balance }));
  checkBalanceColumn([steps(listed), steps(happened)]);
}

/** The report's own totals; deposits are in its profit or not, as the kind of report has it. */
function checkTotals(deals: readonly ListedDeal[], end: Cells | null, lastLine: number): void {
  if (end === null)
    throw new StatementFault(lastLine, 'the list of deals has no totals: the file seems to be cut off');
  for (const name of ['commission', 'swap', 'balance'] as const) {
    const found = totalOf(deals, (d) => (name === 'balance' ? moved(d) : new Big(d[name])));
    if (!new Big(end.number(name, '0')).eq(found))
      throw end.fault(`the total of ${name} is ${end.text(name)} where the deals leave ${found}`);
  }
}

const totalOf = (deals: readonly StatementDeal[], of: (deal: StatementDeal) => Big): string =>
  plain(deals.reduce((total, d) => total.plus(of(d)), new Big(0)));
