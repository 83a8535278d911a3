import { readCalendar } from '../market/calendar-store.ts';
import { GAP_TIMEFRAME, priceGaps } from '../market/price-gap.ts';
import { storedMs } from '../market/timeframe.ts';
import type { Deps } from '../platform/deps.ts';
import { raiseGap } from './gap-alert-store.ts';
import { readWatchedSymbols, type WatchedSymbol } from './watched-symbol-store.ts';

const BAR_MS = storedMs(GAP_TIMEFRAME);

/**
 * After bars of an account were stored: tells its user of gaps in those that closed within the hours in which a gap keeps
 * entries out, once for each bar. `series`: what came, by the broker's names; where no bar of an hour is among it nothing
 * is read.
 */
export async function raiseGapAlerts(
  deps: Deps,
  accountId: string,
  series: readonly { symbol: string; timeframe: string; bars: readonly unknown[] }[],
): Promise<void> {
  const hours = series.filter((s) => s.timeframe === GAP_TIMEFRAME && s.bars.length > 0);
  if (hours.length === 0) return;
  const symbols = [...new Set(hours.map((s) => s.symbol))];
  for (const facts of await readWatchedSymbols(deps.db, accountId, symbols))
    await judge(deps, accountId, facts);
}

async function judge(
  { db, clock, ids, queue }: Deps,
  accountId: string,
  { symbol, instrument, settings, bars }: WatchedSymbol,
): Promise<void> {
  const nowMs = clock.nowMs();
  const sinceMs = nowMs - (settings.gap_block_bars + 1) * BAR_MS;
  const { calendar } = await readCalendar(db, { instrument, accountId }, nowMs);
  for (const gap of priceGaps(bars, calendar === 'unreadable' ? null : calendar, settings, sinceMs)) {
    const alert = { id: ids.next(), eventId: ids.next(), nowMs };
    const blocks = settings.block_on.includes('market-gap');
    const entriesMs = blocks ? gap.barMs + settings.gap_block_bars * BAR_MS : null;
    if (await raiseGap(db, alert, { accountId, symbol, instrument }, gap, entriesMs))
      await queue.send([{ kind: 'outbox', id: alert.eventId }]);
  }
}
