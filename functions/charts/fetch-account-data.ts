/** The data of charts of money: an account's equity curve, and values of its trades. All of it is the ledger's. */
import type { Caller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { currencyPlaces } from '../ledger/currency-places.ts';
import { booksSamples } from '../ledger/performance.ts';
import {
  type LegQuery,
  MAX_LEGS,
  type PerformanceAccount,
  readLegs,
  readPerformance,
  readPerformanceAccount,
} from '../ledger/performance-store.ts';
import { dayStarts, reportClock } from '../ledger/report-period.ts';
import type { Deps } from '../platform/deps.ts';
import { problem } from '../platform/problem.ts';
import { begunBooks, equityPoints } from './account-equity.ts';
import { MAX_POINTS } from './chart-source.ts';
import type { HistogramSpec } from './chart-spec.ts';
import { readAccountName, type TradeSubject } from './chart-subject-store.ts';
import { sourceFault } from './fetch-subject-candles.ts';
import type { EquityData, HistogramData } from './resolved-chart.ts';
import { columnDigits, tradeValues } from './trade-values.ts';

type AccountSource = { account_id: string; from?: string | undefined; to?: string | undefined };
type Reader = Pick<Caller, 'userId' | 'role'>;

async function ownAccount(deps: Deps, source: AccountSource, reader: Reader): Promise<PerformanceAccount> {
  const of = { accountId: source.account_id, userId: reader.userId };
  const account = await readPerformanceAccount(deps.db, of);
  if (account === null) throw problem('not-found', { detail: 'no such account' });
  if (account.userId !== reader.userId && !readsEverything(reader.role)) throw problem('forbidden');
  return account;
}

function queryOf(source: AccountSource): LegQuery {
  const fromMs = source.from === undefined ? null : Date.parse(source.from);
  const toMs = source.to === undefined ? null : Date.parse(source.to);
  if (fromMs !== null && toMs !== null && fromMs >= toMs)
    throw sourceFault('/source/to', 'must be after from');
  return { accountId: source.account_id, fromMs, toMs, source: null };
}

const tooMany = (most: number) =>
  sourceFault('/source/from', `that is more than ${most} trades: ask for less at once with from and to`);

/** The equity of an account as its snapshots showed it; for a history without any, its balance over closed trades. */
export async function fetchAccountEquity(
  deps: Deps,
  source: AccountSource,
  reader: Reader,
): Promise<EquityData> {
  const account = await ownAccount(deps, source, reader);
  const asked = queryOf(source);
  const days = dayStarts(reportClock('UTC'), asked, account.equityMs);
  const [facts, name] = await Promise.all([
    readPerformance(deps.db, asked, days),
    readAccountName(deps.db, account.id),
  ]);
  const { legs } = facts;
  if (legs === null) throw tooMany(MAX_LEGS);
  const points = equityPoints(booksSamples(begunBooks({ ...facts, legs }), asked.fromMs).samples);
  if (points.length === 0)
    throw sourceFault('/source', 'nothing is known of this account’s money in that time');
  const { currency } = account;
  return {
    ...(name === null ? {} : { name }),
    ...(currency === null ? {} : { currency }),
    digits: currencyPlaces(currency),
    points,
  };
}

/** One value for each realised leg of an account. */
export async function fetchAccountValues(
  deps: Deps,
  source: AccountSource,
  column: HistogramSpec['column'],
  reader: Reader,
): Promise<HistogramData> {
  const account = await ownAccount(deps, source, reader);
  const [{ legs }, name] = await Promise.all([
    readLegs(deps.db, queryOf(source)),
    readAccountName(deps.db, account.id),
  ]);
  if (legs === null || legs.length > MAX_POINTS) throw tooMany(MAX_POINTS);
  return { ...(name === null ? {} : { name }), ...valuesOf(legs, column, account.currency) };
}

/** One value for each of these trades that is over. Money of two currencies does not add up to one picture: 422. */
export function tradesValues(
  trades: readonly TradeSubject[],
  column: HistogramSpec['column'],
): HistogramData {
  const currency = trades[0]?.currency ?? null;
  const strange = trades.findIndex((t) => column === 'profit' && t.currency !== currency);
  if (strange >= 0)
    throw sourceFault(`/source/trade_ids/${strange}`, 'is in another currency than the first');
  const ended = trades.flatMap(({ fromMs, endMs, net, r }) =>
    endMs === null ? [] : [{ net, r, openedMs: fromMs, closedMs: endMs }],
  );
  return valuesOf(ended, column, currency);
}

function valuesOf(
  ended: Parameters<typeof tradeValues>[0],
  column: HistogramSpec['column'],
  currency: string | null,
): Omit<HistogramData, 'name'> {
  const values = tradeValues(ended, column);
  if (values.length === 0) {
    const detail =
      column === 'r' ? 'of no closed trade is it known what was at stake' : 'there are no closed trades';
    throw sourceFault('/source', detail);
  }
  const money = column === 'profit' && currency !== null ? { currency } : {};
  return { ...money, digits: columnDigits(column, currencyPlaces(currency)), values };
}
