import { z } from '@hono/zod-openapi';
import type { Account } from '../execution/account-store.ts';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { type DailyLimit, limitDistance } from './daily-loss.ts';
import { guardBound } from './guard-bound.ts';
import { type BoundDistance, distanceTo, fallDistance } from './guard-distance.ts';
import { guardSettings } from './guard-settings.ts';
import type { ReadGuard } from './guard-settings-store.ts';
import type { GuardPhase, GuardState } from './guard-state.ts';
import type { StoredTrip } from './guard-trip-store.ts';
import type { MarketState } from './market-state.ts';
import { guardTripSchema, presentGuardTrip } from './present-guard-trip.ts';

const PHASES = [
  ...(['armed', 'suspect', 'warned', 'tripped', 'flat_latched', 'empty'] as const),
] as const satisfies readonly GuardPhase[];
const percent = z.number().nullable();
const distance = z.object({
  below: decimal.openapi({ description: 'the equity under which it counts' }),
  to: decimal.openapi({ description: 'money until then; below zero: past it' }),
  percent: percent.openapi({ description: 'the same of the equity; null: there is none' }),
});
const dailyDistance = z.object({
  name: z.string(),
  act_below: decimal.openapi({ description: 'the equity under which the guard acts' }),
  breach_below: decimal.openapi({ description: 'the equity under which the rule is broken' }),
  to_act: decimal,
  to_breach: decimal,
  to_breach_percent: percent,
  used_percent: z.number().openapi({ description: 'of the amount that may be lost' }),
  resets_at: timestamp.nullable().openapi({ description: 'null: it holds for the life of the account' }),
});

const market = z.object({
  symbol: z.string(),
  quoted_at: timestamp.nullable(),
  stale: z
    .boolean()
    .openapi({ description: 'no tick for `quote_max_age_ms`; of a closed market that is nothing' }),
  gapped_until: timestamp.nullable().openapi({ description: 'until when a gap keeps entries out' }),
  wide_spread: z
    .object({
      spread: decimal,
      usual: z.number().openapi({ description: 'its median' }),
      threshold: z.number(),
    })
    .nullable()
    .openapi({ description: 'null: not wide, or nobody can say' }),
});

export const guardSchema = z
  .object({
    account_id: uuid,
    phase: z.enum(PHASES).openapi({
      description:
        'what binds: entries are taken in `armed` and `empty`. Of a shadow it is `armed` (`shadow_phase`)',
    }),
    shadow_phase: z.enum(PHASES).nullable().openapi({ description: 'where it would be, in mode `shadow`' }),
    settings: guardSettings,
    nav: decimal.nullable().openapi({ description: 'worth of a unit; null before the first snapshot' }),
    peak: decimal.nullable(),
    units: decimal.nullable(),
    drawdown_bps: z.number().nullable(),
    drawdown_percent: percent,
    equity: decimal.nullable().openapi({ description: 'of the last snapshot that was judged' }),
    last_sample: z
      .object({
        at: timestamp,
        verdict: z
          .string()
          .openapi({ description: '`accepted`, `breach`, `hard-breach`, or why it was not judged' }),
      })
      .nullable(),
    bound: z
      .object({
        lane: z.enum(['poll', 'webhook']),
        bridge_guards: z.boolean().openapi({ description: 'its bridge closes by itself when we are away' }),
        hard_ms: z
          .number()
          .int()
          .openapi({ description: 'from a breach that leaves no time to the closing' }),
        ordinary_ms: z.number().int().openapi({ description: 'from any other, the warning included' }),
      })
      .nullable()
      .openapi({ description: 'within what time it closes; null without a bridge' }),
    trip: guardTripSchema.nullable().openapi({ description: 'the one under way' }),
    distances: z.object({
      warn: distance.nullable(),
      trip: distance.nullable(),
      floor: distance
        .extend({ reached: z.boolean().openapi({ description: 'it counts once it was reached' }) })
        .nullable(),
      daily: z.array(dailyDistance),
    }),
    market: z
      .array(market)
      .openapi({ description: 'what the guards of the market see, by the last snapshot' }),
  })
  .openapi('Guard');

type Facts = {
  account: Pick<Account, 'bridgeId' | 'polled' | 'snapshotMs' | 'state'>;
  guard: ReadGuard;
  trip: StoredTrip | null;
  limits: readonly DailyLimit[];
  markets: readonly MarketState[];
};

/** The guard of an account as the API shows it. */
export const presentGuard = ({
  account,
  guard,
  trip,
  limits,
  markets,
}: Facts): z.output<typeof guardSchema> => ({
  account_id: guard.accountId,
  phase: guard.phase,
  shadow_phase: guard.state?.shadow ? guard.state.phase : null,
  settings: guard.stated,
  ...presentFigures(guard.state),
  last_sample: presentSample(guard.state, account.snapshotMs),
  bound: presentBound(account, guard.settings.warningMs),
  trip: trip === null ? null : presentGuardTrip(trip),
  distances: {
    warn: fallDistance(guard.state, guard.settings.warnBps),
    trip: fallDistance(guard.state, guard.settings.tripBps),
    floor: presentFloor(guard),
    daily: limits.map((limit) => presentLimit(limit, guard.state?.last?.equity ?? null)),
  },
  market: markets.map(({ symbol, quotedMs, gappedUntilMs, stale, wide }) => ({
    ...{ symbol, quoted_at: time(quotedMs), gapped_until: time(gappedUntilMs), stale },
    wide_spread: wide && { spread: wide.spread, usual: wide.median, threshold: wide.threshold },
  })),
});

const time = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

function presentFigures(state: GuardState | null) {
  if (state === null || state.last === null)
    return { nav: null, peak: null, units: null, drawdown_bps: null, drawdown_percent: null, equity: null };
  const { nav, peak, units, drawdownBps, last } = state;
  return {
    ...{ nav, peak, units, drawdown_bps: drawdownBps, drawdown_percent: drawdownBps / 100 },
    equity: last.equity,
  };
}

/** Of an account at rest a sample that says what the one before said is not kept: the last snapshot was one like it. */
function presentSample(state: GuardState | null, snapshotMs: number | null) {
  const seen = state?.recent.at(-1);
  if (seen === undefined) return null;
  return { at: isoTime(Math.max(seen.atMs, snapshotMs ?? 0)), verdict: seen.verdict };
}

function presentBound({ bridgeId, polled, state }: Facts['account'], warningMs: number) {
  if (bridgeId === null) return null;
  const lane = polled === true ? ('poll' as const) : ('webhook' as const);
  const bridgeGuards = state?.['bridge_guard'] !== undefined;
  const { hardMs, ordinaryMs } = guardBound({ lane, bridgeGuards }, warningMs);
  return { lane, bridge_guards: bridgeGuards, hard_ms: hardMs, ordinary_ms: ordinaryMs };
}

function presentFloor({ state, settings }: ReadGuard): (BoundDistance & { reached: boolean }) | null {
  const { floorEquity } = settings;
  if (floorEquity === null || state === null || state.last === null) return null;
  const reached = state.floor?.equity === floorEquity && state.floor.reached;
  return { ...distanceTo(floorEquity, state.last.equity), reached };
}

/** An account that no snapshot has shown yet is taken to stand where its rule's base does. */
function presentLimit(limit: DailyLimit, equity: string | null): z.output<typeof dailyDistance> {
  const d = limitDistance(limit, equity ?? limit.base);
  return {
    ...{ name: limit.name, act_below: limit.actBelow, breach_below: limit.breachBelow },
    ...{ to_act: d.toAct, to_breach: d.toBreach, to_breach_percent: d.toBreachPercent },
    used_percent: d.usedPercent,
    resets_at: time(limit.resetsAtMs),
  };
}
