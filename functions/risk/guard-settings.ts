/**
 * What the user of an account decides about its guard, as the interface takes it (`warn_bps`) and as the rules read it
 * (`warnBps`). An account whose people have decided nothing is guarded: it warns at 15 % and closes at 20 %. Pure.
 */
import { z } from '@hono/zod-openapi';
import { Big, decimalPlaces, isPlainDecimal } from '../platform/decimal.ts';
import { type DailyRule, dailyRule } from './daily-loss.ts';
import { MARKET_GUARD_DEFAULTS, type MarketGuardSettings, marketGuardSettings } from './market-guard.ts';

export type GuardSettings = {
  /** `shadow`: it judges and tells what it would have done, and does nothing. `off`: only the NAV and its peak go on. */
  mode: 'off' | 'shadow' | 'armed';
  /** Fall of the NAV from its peak, in hundredths of a percent, that is told; and the one that closes. */
  warnBps: number;
  tripBps: number;
  /** An equity below it closes once it was reached; null: none. In the account's currency. */
  floorEquity: string | null;
  /** What is closed: everything on the account, or what carries our magic number. */
  scope: 'all' | 'own';
  /** How long a person has between the warning and the closing. */
  warningMs: number;
  /** Whether a warning is taken back when the account recovers before that. */
  abortOnRecovery: boolean;
  dailyRules: DailyRule[];
  market: MarketGuardSettings;
};

const isAmount = (text: string) => isPlainDecimal(text) && decimalPlaces(text) <= 8 && !new Big(text).eq(0);

/** Each of the settings with what is valid; nothing is filled in, so that it serves a change of some of them too. */
const fields = {
  mode: z.enum(['off', 'shadow', 'armed']),
  warn_bps: z.number().int().min(1).max(9_998).openapi({ description: 'hundredths of a percent' }),
  trip_bps: z.number().int().min(2).max(9_999).openapi({ description: 'hundredths of a percent' }),
  floor_equity: z
    .string()
    .max(24)
    .refine(isAmount, 'must be a plain decimal above zero, with at most 8 digits after the point')
    .nullable(),
  scope: z.enum(['all', 'own']),
  warning_ms: z.number().int().min(0).max(300_000),
  abort_on_recovery: z.boolean(),
  daily_rules: z
    .array(dailyRule)
    .max(10)
    .refine((rules) => new Set(rules.map((r) => r.name)).size === rules.length, 'two rules have one name'),
  market: marketGuardSettings,
};

const DEFAULTS = {
  mode: 'armed' as const,
  warn_bps: 1_500,
  trip_bps: 2_000,
  floor_equity: null,
  scope: 'all' as const,
  warning_ms: 10_000,
  abort_on_recovery: true,
  daily_rules: [],
  market: MARKET_GUARD_DEFAULTS,
};

/** The settings whole, as they are shown and stored: judged together once a change was laid over what is stored. */
export const guardSettings = z
  .strictObject(fields)
  .refine((s) => s.warn_bps < s.trip_bps, { path: ['warn_bps'], error: 'must be below trip_bps' })
  .openapi('GuardSettings');
export type StatedGuardSettings = z.output<typeof guardSettings>;

/** What a change takes: any part of the settings. */
export const guardSettingsChange = z.strictObject(fields).partial();
export type GuardSettingsChange = z.output<typeof guardSettingsChange>;

/** What is read of a stored row: a field that is missing or no longer valid is the default, which guards. */
const stored = z.object({
  mode: fields.mode.catch(DEFAULTS.mode),
  warn_bps: fields.warn_bps.catch(DEFAULTS.warn_bps),
  trip_bps: fields.trip_bps.catch(DEFAULTS.trip_bps),
  floor_equity: fields.floor_equity.catch(DEFAULTS.floor_equity),
  scope: fields.scope.catch(DEFAULTS.scope),
  warning_ms: fields.warning_ms.catch(DEFAULTS.warning_ms),
  abort_on_recovery: fields.abort_on_recovery.catch(DEFAULTS.abort_on_recovery),
  // One that is no longer valid is left out, and the others stand.
  daily_rules: z
    .array(z.unknown())
    .catch([])
    .transform((rules) => rules.flatMap((r) => dailyRule.safeParse(r).data ?? [])),
  market: fields.market.catch(MARKET_GUARD_DEFAULTS),
});

/** The settings of a stored row (`guards.settings`), in the words of the interface; `{}` or null: the defaults. */
export function statedGuardSettings(row: unknown): StatedGuardSettings {
  const isObject = typeof row === 'object' && row !== null && !Array.isArray(row);
  return stored.parse(isObject ? row : {});
}

/** The same as the rules read them. */
export function parseGuardSettings(row: unknown): GuardSettings {
  const s = statedGuardSettings(row);
  return {
    ...{
      mode: s.mode,
      warnBps: s.warn_bps,
      tripBps: s.trip_bps,
      floorEquity: s.floor_equity,
      scope: s.scope,
    },
    ...{ warningMs: s.warning_ms, abortOnRecovery: s.abort_on_recovery },
    ...{ dailyRules: s.daily_rules, market: s.market },
  };
}

/** The settings of whoever has made none. */
export const GUARD_DEFAULTS: GuardSettings = parseGuardSettings({});
