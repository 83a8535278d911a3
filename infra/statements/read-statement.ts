/**
 * A terminal's statement as facts of the ledger: an MT5 list of deals (CSV, HTML report, XLSX report) or an MT4 list of
 * trades (CSV), told apart by what stands in the file. Throws `StatementFault` with the line for anything that cannot be read,
 * is left out or does not add up; what it returns is whole.
 */
import type { Deal } from '../../functions/ledger/trade-projection.ts';
import type { ServerClock } from '../../functions/market/server-clock.ts';
import { fileText } from '../../functions/platform/file-text.ts';
import { csvTable } from './csv-table.ts';
import { withPositions } from './deal-positions.ts';
import { htmlTable } from './html-table.ts';
import { isTradeHeading, mt4Trades } from './mt4-trades.ts';
import { isDealHeading, mt5Deals } from './mt5-deals.ts';
import { inServerOrder, type MarginMode, type StatementDeal } from './statement-deal.ts';
import { StatementFault, type TableRow } from './statement-table.ts';
import { xlsxTable } from './xlsx-table.ts';

export const MAX_FILE_BYTES = 32 * 1024 * 1024;

export type Statement = {
  kind: 'mt5' | 'mt4';
  /** Oldest first, on the server's clock. */
  deals: StatementDeal[];
  marginMode: MarginMode;
  /** What a report says of its account; null where it says nothing. */
  login: string | null;
  currency: string | null;
};

/** Reads a whole file. `mode`: of the account, where it is known; else it is what the file says or shows. */
export function readStatement(bytes: Uint8Array, mode: MarginMode | null = null): Statement {
  if (bytes.byteLength > MAX_FILE_BYTES)
    throw new StatementFault(1, `the file is over ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  if (bytes.byteLength === 0) throw new StatementFault(1, 'the file is empty');
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return reportOf(xlsxTable(bytes), mode);
  const text = fileText(bytes);
  if (text === null) throw new StatementFault(1, 'the file is neither UTF-8 nor UTF-16');
  if (text.trimStart().startsWith('<')) return reportOf(htmlTable(text), mode);
  const rows = csvTable(text);
  const [head] = rows;
  if (head !== undefined && isTradeHeading(head)) {
    const deals = inServerOrder(mt4Trades(rows));
    return { kind: 'mt4', deals, marginMode: 'hedging', login: null, currency: null };
  }
  if (head === undefined || !isDealHeading(head))
    throw new StatementFault(head?.line ?? 1, 'the first line heads neither deals of MT5 nor trades of MT4');
  const found = withPositions(mt5Deals(rows, 0, false), mode);
  return { kind: 'mt5', deals: found.deals, marginMode: found.mode, login: null, currency: null };
}

function reportOf(rows: readonly TableRow[], mode: MarginMode | null): Statement {
  const heading = rows.findIndex(isDealHeading);
  if (heading < 0)
    throw new StatementFault(rows.at(-1)?.line ?? 1, 'the report has no list of deals: it may be cut off');
  const account = accountOf(rows.slice(0, heading));
  const found = withPositions(mt5Deals(rows, heading, true), mode ?? account.mode);
  return { ...account, kind: 'mt5', deals: found.deals, marginMode: found.mode };
}

/** A history report heads itself `500123 (USD, Broker-Server, real, Hedge)`, the tester's says `Currency: USD`. */
function accountOf(rows: readonly TableRow[]) {
  const said = (label: string): string => {
    const row = rows.find(({ cells }) => cells.includes(label))?.cells ?? [];
    return row.slice(row.indexOf(label) + 1).find((cell) => cell !== '') ?? '';
  };
  const [, login = null, held = ''] = /^(\d{1,20}) \(([^)]*)\)$/.exec(said('Account:')) ?? [];
  const stated = (held.split(',')[0] ?? '').trim() || said('Currency:');
  const mode: MarginMode | null = /hedg/i.test(held) ? 'hedging' : /nett/i.test(held) ? 'netting' : null;
  return { login, currency: /^[A-Z]{3,12}$/.test(stated) ? stated : null, mode };
}

/**
 * Deals as facts: the server's clock turned into UTC. An hour that it repeats in autumn is taken for its first pass and one
 * that it skips in spring for its skip, so that the order is kept whatever the zone; markets are closed in both.
 */
export const inUtc = (deals: readonly StatementDeal[], clock: ServerClock): Deal[] =>
  deals.map(({ line: _, wallMs, ...deal }) => ({
    ...deal,
    timeMs: clock.toUtcMs(wallMs) ?? clock.startMs(wallMs),
  }));
