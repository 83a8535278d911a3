import type { Snapshot } from '../bridge/bridge-protocol.ts';
import type { BookedSums } from '../ledger/booked-sums.ts';
import type { Database } from '../platform/database.ts';
import { sum } from '../platform/decimal.ts';
import { readDailyLimits } from './daily-base-store.ts';
import { guardSample } from './guard-sample.ts';
import type { StoredGuard } from './guard-store.ts';
import { type GuardVerdict, guardVerdict } from './guard-verdict.ts';
import { takeMarketCauses } from './take-market-causes.ts';

/**
 * Judges a snapshot that passed the gate by its account's guard. `guard`: as it was read with the account, whose running sums
 * `stored` are; `news`: by how much they grow with the snapshot; `bots`: positions whose trades are a bot's. An account with daily rules costs a round trip more, and so
 * does one whose guards of the market are to close.
 */
export async function takeGuardSample(
  db: Database,
  {
    accountId,
    snapshot,
    guard,
    namespace,
    bots,
    sums,
  }: {
    accountId: string;
    snapshot: Snapshot;
    guard: StoredGuard;
    namespace: number;
    bots: ReadonlySet<string>;
    sums: { stored: Omit<BookedSums, 'credited'>; news: Omit<BookedSums, 'credited'> };
  },
  at: { nowMs: number; tripId: string; stopOut: boolean },
): Promise<GuardVerdict> {
  const { stored, news } = sums;
  const limits = await readDailyLimits(db, accountId, guard.settings.dailyRules, {
    nowMs: snapshot.captured_at,
    unexplained: guard.state?.flows?.base ?? '0',
  });
  // What came with this snapshot is not among the stored deals yet, and a flow moves a limit by as much.
  const moved = limits.map((limit) => ({
    ...limit,
    actBelow: sum([limit.actBelow, news.flowed]),
    breachBelow: sum([limit.breachBelow, news.flowed]),
  }));
  const bookedBefore = guard.state?.settled?.bookedTo ?? null;
  const booked = sum([stored.booked, news.booked]);
  const flowed = sum([stored.flowed, news.flowed]);
  const of = { booked, flowed, namespace, bookedBefore, bots };
  const sample = guardSample(snapshot, of, moved);
  const market = await takeMarketCauses(db, accountId, guard.settings, sample);
  return guardVerdict(guard, { ...sample, market }, at);
}
