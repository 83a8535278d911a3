/**
 * The list of closed trades of MetaTrader 4, as CSV: a row is a trade, or money that went in or out. In the books a trade is
 * two deals, its entry and its exit, whose tickets are made from the trade's own, so that the same row is always the same
 * deals: ticket 42 makes 421 (in) and 422 (out), and as money 420.
 */
import { columnsOf, StatementCells } from './statement-cell.ts';
import { bareDeal, type StatementDeal } from './statement-deal.ts';
import { StatementFault, type TableRow } from './statement-table.ts';

const NEEDED = [
  ...(['ticket', 'open_time', 'type', 'lots', 'symbol', 'open_price', 'close_time', 'close_price'] as const),
  ...(['commission', 'swap', 'profit'] as const),
];
type Column = (typeof NEEDED)[number] | 'taxes' | 'comment';
type Cells = StatementCells<Column>;
const NAMES: Readonly<Record<string, Column>> = {
  ...Object.fromEntries(NEEDED.map((name) => [name, name])),
  ...{ taxes: 'taxes', comment: 'comment' },
};
const CASH = new Set(['balance', 'credit']);
/** Orders that were taken back before they traded. */
const PENDING = /^(buy|sell) (limit|stop)$/;

/** Whether a row heads such a list. */
export const isTradeHeading = ({ cells }: TableRow): boolean =>
  cells.includes('ticket') && cells.includes('open_time');

/** The deals of a table whose first row is its heading. */
export function mt4Trades([head, ...rows]: readonly TableRow[]): StatementDeal[] {
  if (head === undefined) throw new StatementFault(1, 'there is no list of trades');
  const columns = columnsOf(head, NAMES, NEEDED);
  const seen = new Map<string, { line: number; cells: string }>();
  const deals: StatementDeal[] = [];
  for (const row of rows) {
    const cells = new StatementCells(row, columns);
    const ticket = cells.ticket('ticket');
    const same = JSON.stringify(row.cells);
    const before = seen.get(ticket);
    if (before !== undefined && before.cells !== same)
      throw cells.fault(`ticket ${ticket} stands in line ${before.line} too, with other figures`);
    if (before === undefined) deals.push(...dealsOf(cells, ticket, row.cells.length, head.cells.length));
    seen.set(ticket, { line: row.line, cells: same });
  }
  if (deals.length === 0) throw new StatementFault(head.line, 'there are no trades');
  return deals;
}

function dealsOf(cells: Cells, ticket: string, width: number, wanted: number): StatementDeal[] {
  if (width !== wanted) throw cells.fault(`it has ${width} cells where the heading has ${wanted}`);
  const type = cells.text('type').toLowerCase();
  if (CASH.has(type)) {
    const moved = { type, profit: cells.number('profit'), comment: cells.text('comment') };
    return [{ ...bareDeal(cells.line, `${ticket}0`, cells.moment('open_time')), ...moved }];
  }
  if (PENDING.test(type)) return [];
  if (type !== 'buy' && type !== 'sell')
    throw cells.fault(`there is no type of trade ${JSON.stringify(type.slice(0, 40))}`);
  const [openMs, closeMs] = [cells.moment('open_time'), cells.moment('close_time')];
  if (closeMs < openMs) throw cells.fault('it closes before it opens');
  const symbol = cells.text('symbol');
  if (symbol === '') throw cells.fault('symbol is empty');
  const shared = { symbol, volume: cells.positive('lots'), positionId: ticket, orderTicket: ticket };
  const opposite = type === 'buy' ? 'sell' : 'buy';
  return [
    {
      ...bareDeal(cells.line, `${ticket}1`, openMs),
      ...{ ...shared, type, entry: 'in' as const, price: cells.positive('open_price') },
    },
    {
      ...bareDeal(cells.line, `${ticket}2`, closeMs),
      ...{ ...shared, type: opposite, entry: 'out' as const, price: cells.positive('close_price') },
      ...{ profit: cells.number('profit'), swap: cells.number('swap', '0') },
      ...{ commission: cells.number('commission', '0'), fee: cells.number('taxes', '0') },
      comment: cells.text('comment'),
    },
  ];
}
