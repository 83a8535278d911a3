/**
 * A terminal's statement as the data of an equity chart (the balance over closed trades) or of a histogram of its trades:
 * the same projection and the same samples that the ledger makes of an account. Throws `ChartRefused`.
 */
import { readFile } from 'node:fs/promises';
import { begunBooks, equityPoints } from '../../functions/charts/account-equity.ts';
import type { HistogramSpec } from '../../functions/charts/chart-spec.ts';
import type { EquityData, HistogramData } from '../../functions/charts/resolved-chart.ts';
import { columnDigits, tradeValues } from '../../functions/charts/trade-values.ts';
import { currencyPlaces } from '../../functions/ledger/currency-places.ts';
import { dealClass } from '../../functions/ledger/deal-class.ts';
import { booksSamples } from '../../functions/ledger/performance.ts';
import { inCloseOrder, type RealisedLeg } from '../../functions/ledger/realised-leg.ts';
import type { Flow } from '../../functions/ledger/statement-figures.ts';
import { type Deal, projectTrades } from '../../functions/ledger/trade-projection.ts';
import { serverClock } from '../../functions/market/server-clock.ts';
import { sum } from '../../functions/platform/decimal.ts';
import { inUtc, readStatement } from '../statements/read-statement.ts';
import { StatementFault } from '../statements/statement-table.ts';
import { ChartRefused } from './chart-refused.ts';

/** Statements name no zone. MT5 servers mostly keep New York's dates, the MT4 ones Europe's. */
const ZONES = { mt5: 'NY+7', mt4: 'Europe/Athens' } as const;

export type StatementHistory = { legs: RealisedLeg[]; flows: Flow[]; costs: Flow[]; currency: string | null };

const moneyOf = (d: Deal): string => sum([d.profit, d.swap, d.commission, d.fee]);

function legsOf(deals: readonly Deal[], currency: string | null): RealisedLeg[] {
  const positions = Map.groupBy(
    deals.filter((d) => d.positionId !== '0'),
    (d) => d.positionId,
  );
  const context = { places: currencyPlaces(currency), closedBy: new Map<string, string>() };
  const trades = [...positions.values()].flatMap((of) => projectTrades(of, true, context));
  const legs = trades.flatMap(({ legs: closed, openedMs }) =>
    closed.map(({ dealTicket, net, closedMs }) => ({ dealTicket, net, r: null, openedMs, closedMs })),
  );
  return inCloseOrder(legs);
}

/** Reads a statement's closed trades, the money that came and went, and charges of the account itself. */
export async function statementHistory(file: string, serverZone?: string): Promise<StatementHistory> {
  const bytes = await readFile(file).catch(() => {
    throw new ChartRefused(`--trades: ${file}: no such file`);
  });
  try {
    const statement = readStatement(bytes);
    const clock = serverClock(serverZone ?? ZONES[statement.kind]);
    if (clock === null)
      throw new ChartRefused('--server-tz must be NY+7, an IANA time zone or an offset such as +02:00');
    const deals = inUtc(statement.deals, clock);
    const booked = (of: readonly Deal[]): Flow[] =>
      of.map((d) => ({ ticket: d.ticket, timeMs: d.timeMs, amount: moneyOf(d) }));
    const { currency } = statement;
    return {
      ...{ currency, legs: legsOf(deals, currency) },
      flows: booked(deals.filter((d) => dealClass(d) === 'cashflow')),
      costs: booked(deals.filter((d) => d.positionId === '0' && dealClass(d) === 'cost')),
    };
  } catch (e) {
    if (e instanceof StatementFault)
      throw new ChartRefused(`--trades: ${file}: line ${e.line}: ${e.message}`);
    throw e;
  }
}

const named = (currency: string | null) => (currency === null ? {} : { currency });

/** The balance over closed trades. */
export function statementEquity({ legs, flows, costs, currency }: StatementHistory): EquityData {
  const books = begunBooks({ legs, flows, costs, points: [], booked: [], startBalance: null });
  const points = equityPoints(booksSamples(books, null).samples);
  return { ...named(currency), digits: currencyPlaces(currency), points };
}

/** One value for each closed trade. A statement does not say what was at stake, so it has no column `r`. */
export function statementValues(
  { legs, currency }: StatementHistory,
  column: HistogramSpec['column'],
): HistogramData {
  if (column === 'r')
    throw new ChartRefused('--column r: a statement does not say what was at stake; profit and duration do');
  const values = tradeValues(legs, column);
  return { ...named(currency), digits: columnDigits(column, currencyPlaces(currency)), values };
}
