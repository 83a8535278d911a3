/** Everything that is shown of an account's guard, read and put together. */
import type { Account } from '../execution/account-store.ts';
import type { Database } from '../platform/database.ts';
import { readDailyLimits } from './daily-base-store.ts';
import { readGuard, readSeenSymbols } from './guard-settings-store.ts';
import { readOpenTrip } from './guard-trip-store.ts';
import { marketStates } from './market-state.ts';
import { presentGuard } from './present-guard.ts';

/** The guard of the account at `nowMs`, as the API shows it. A daily rule costs a round trip more. */
export async function guardView(db: Database, account: Account, nowMs: number) {
  const [guard, trip, symbols] = await Promise.all([
    readGuard(db, account.id),
    readOpenTrip(db, account.id),
    readSeenSymbols(db, account.id),
  ]);
  if (guard === null) throw new Error('the guard of an account that was read cannot be read');
  const unexplained = guard.state?.flows?.base ?? '0';
  const limits = await readDailyLimits(db, account.id, guard.settings.dailyRules, { nowMs, unexplained });
  const markets = marketStates(symbols, guard.settings.market, nowMs);
  return presentGuard({ account, guard, trip, limits, markets });
}
