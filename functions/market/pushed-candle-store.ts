import type { PushedCandles } from '../bridge/bridge-protocol.ts';
import type { Database } from '../platform/database.ts';
import { textFaults } from '../platform/text-faults.ts';
import { checkedCandles } from './candle-check.ts';
import { storeCandles } from './candle-store.ts';
import { STORED_TIMEFRAMES } from './timeframe.ts';

/**
 * Keeps the bars that an account's bridge sent with its snapshot, as if they had been asked for: closed by `closedMs`,
 * each series sound as a whole or none of it, under the broker's own name of its symbol. Series of a timeframe that is not
 * stored, or under a name that is none, are left out.
 */
export async function storePushedCandles(
  db: Database,
  accountId: string,
  pushed: readonly PushedCandles[],
  closedMs: number,
): Promise<void> {
  for (const { symbol, timeframe: stated, bars } of pushed) {
    const timeframe = STORED_TIMEFRAMES.find((t) => t === stated);
    if (timeframe === undefined || textFaults(symbol).length > 0) continue;
    const candles = bars.map(({ time, ...figures }) => ({ timeMs: time, ...figures }));
    const checked = checkedCandles(candles, { timeframe, nowMs: closedMs });
    if (checked.kind === 'ok' && checked.candles.length > 0)
      await storeCandles(db, { accountId, symbol, timeframe }, checked.candles);
  }
}
