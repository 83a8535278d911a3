import { bridgeClient } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import type { Candle } from './candle.ts';
import { checkedCandles } from './candle-check.ts';
import { newestCandles, type Series, storeCandles } from './candle-store.ts';

/**
 * The newest closed bars of a symbol as an account's broker states them, oldest first: asked for from its bridge, kept, and
 * read back, so that a silent bridge, or none, still leaves what was seen before. Empty where nothing was ever seen. A
 * reply with a bar that cannot be one counts as none.
 */
export async function fetchCandles(
  deps: Deps,
  of: Series & { bridgeId: string | null },
  count: number,
): Promise<Candle[]> {
  const wanted = { symbol: of.symbol, timeframe: of.timeframe, count };
  const reply = of.bridgeId === null ? null : await bridgeClient(deps, of.bridgeId).candles(wanted);
  if (reply?.kind === 'reply') {
    const stated = reply.value.candles.map(({ time, ...figures }) => ({ timeMs: time, ...figures }));
    const nowMs = reply.value.server_now ?? deps.clock.nowMs();
    const checked = checkedCandles(stated, { timeframe: of.timeframe, nowMs });
    if (checked.kind === 'ok' && checked.candles.length > 0) await storeCandles(deps.db, of, checked.candles);
  }
  return newestCandles(deps.db, of, count);
}
