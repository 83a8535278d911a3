import type { Caller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import type { Deps } from '../platform/deps.ts';
import { problem } from '../platform/problem.ts';
import type { ChartSpec } from './chart-spec.ts';
import { readSignalSubject, readTradeSubjects, type TradeSubject } from './chart-subject-store.ts';
import { fetchAccountEquity, fetchAccountValues, tradesValues } from './fetch-account-data.ts';
import { fetchSubjectCandles, sourceFault } from './fetch-subject-candles.ts';
import type { ChartData } from './resolved-chart.ts';

type Reader = Pick<Caller, 'userId' | 'role'>;

/**
 * The data of a chart by reference; undefined for one that brought its own. 404 for an unknown source and 403 for another's,
 * as everywhere; candles come from the account's own broker, money from its ledger. 422 where there is nothing to draw,
 * and with `upToSubject` where the candles end before what they are to show.
 */
export async function fetchChartData(
  deps: Deps,
  spec: ChartSpec,
  reader: Reader,
  of: { upToSubject: boolean } = { upToSubject: false },
): Promise<ChartData | undefined> {
  switch (spec.kind) {
    case 'equity':
      return 'account_id' in spec.source ? fetchAccountEquity(deps, spec.source, reader) : undefined;
    case 'histogram': {
      const { source, column } = spec;
      if ('account_id' in source) return fetchAccountValues(deps, source, column, reader);
      if ('trade_ids' in source)
        return tradesValues(await ownTrades(deps, source.trade_ids, reader, '/source/trade_ids'), column);
      return undefined;
    }
    default:
      return candleData(deps, spec, reader, of.upToSubject);
  }
}

type CandleSpec = Exclude<ChartSpec, { kind: 'equity' | 'histogram' }>;

async function candleData(
  deps: Deps,
  spec: CandleSpec,
  reader: Reader,
  upToSubject: boolean,
): Promise<ChartData | undefined> {
  const { source, indicators } = spec;
  if ('candles' in source) return undefined;
  if ('signal_id' in source) {
    const subject = await readSignalSubject(deps.db, source.signal_id, reader.userId);
    if (subject === null) throw problem('not-found', { detail: 'no such signal' });
    if (!subject.mine && !readsEverything(reader.role)) throw problem('forbidden');
    return fetchSubjectCandles(deps, [subject], { indicators, isSignal: true, upToSubject });
  }
  const [ids, pointer] =
    'trade_id' in source ? [[source.trade_id], '/source/trade_id'] : [source.trade_ids, '/source/trade_ids'];
  const trades = await ownTrades(deps, ids, reader, pointer);
  const [first] = trades;
  const strange = trades.findIndex((t) => t.accountId !== first?.accountId || t.symbol !== first?.symbol);
  if (strange >= 0)
    throw sourceFault(
      `${pointer}/${strange}`,
      'is of another account or symbol than the first: one chart shows one',
    );
  return fetchSubjectCandles(deps, trades, { indicators, isSignal: false, upToSubject });
}

/** The trades of these ids, each once and in this order. */
async function ownTrades(
  deps: Deps,
  ids: readonly string[],
  reader: Reader,
  pointer: string,
): Promise<TradeSubject[]> {
  const twice = ids.findIndex((id, i) => ids.indexOf(id) < i);
  if (twice >= 0) throw sourceFault(`${pointer}/${twice}`, 'the same trade twice');
  const found = await readTradeSubjects(deps.db, ids, reader.userId);
  return ids.map((id) => {
    const trade = found.get(id.toLowerCase());
    if (trade === undefined) throw problem('not-found', { detail: `no such trade: ${id}` });
    if (!trade.mine && !readsEverything(reader.role)) throw problem('forbidden');
    return trade;
  });
}
