import { askCandles } from '../bridge/bridge-client.ts';
import type { Deps } from '../platform/deps.ts';
import { newestCandles, type StoredCandle, storeCandles } from './candle-store.ts';

/**
 * The newest closed bars of an instrument as an account's broker states them, oldest first: asked for from its bridge,
 * kept, and read back, so that a silent bridge still leaves what was seen before. Empty where nothing was ever seen.
 */
export async function fetchCandles(
  deps: Deps,
  of: { accountId: string; bridgeId: string; instrument: string; timeframe: string },
  count: number,
): Promise<StoredCandle[]> {
  const wanted = { symbol: of.instrument, timeframe: of.timeframe, count };
  const reply = await askCandles(deps, of.bridgeId, wanted);
  if (reply.kind === 'reply' && reply.value.length > 0) await storeCandles(deps.db, of, reply.value);
  return newestCandles(deps.db, of, count);
}
