/**
 * What the user of an account decides about its orders: how large they are, what stops them, what the broker calls the
 * instruments. Pure; stored as columns of the account, each with its constraint.
 */
import { z } from '@hono/zod-openapi';
import { compare, decimalPlaces, isPlainDecimal } from '../platform/decimal.ts';

export type AccountSettings = {
  /** Hundredths of a percent of the base that one order may lose at its stop; null: every order is `orderVolume`. */
  riskBps: number | null;
  /** `lesser` of balance and equity, or `equity`. */
  riskBase: 'lesser' | 'equity';
  /** Most lots of one order. */
  maxVolume: string | null;
  /** Most open positions and working orders together. */
  maxPositions: number | null;
  minStopPoints: number;
  /** Reward at the take profit is at least this many times the risk; null: not judged. */
  rewardRatio: string | null;
  maxSpreadPoints: number | null;
  /** Round trip, per lot, in the account's currency. */
  commissionPerLot: string;
  /** Hundredths of a percent of the free margin that one order may take; null: all of it, where margin is stated. */
  marginShareBps: number | null;
  /** Most lots of one instrument that stand, work and are on their way, of both sides together; null: no limit. */
  maxInstrumentVolume: string | null;
  /** Most that all of it may be worth at its prices, in percent of the equity: 3000 is thirty times; null: no limit. */
  maxExposurePercent: number | null;
  /** What may be traded; null: whatever the producers send. */
  instruments: readonly string[] | null;
  /** The broker's name of an instrument, where it is another. */
  symbols: Readonly<Record<string, string>>;
};

/** A decimal above `low` (or from it on, `inclusive`), up to `high`, with at most `places` digits after the point. */
const decimalWithin = (low: string, high: string, places = 8, inclusive = false) =>
  z
    .string()
    .refine((s) => isPlainDecimal(s) && decimalPlaces(s) <= places, 'must be a plain decimal')
    .refine(
      (s) => !isPlainDecimal(s) || (compare(s, low) >= (inclusive ? 0 : 1) && compare(s, high) <= 0),
      `must be ${inclusive ? 'at least' : 'above'} ${low}, at most ${high}`,
    );

/** Lots of one order. */
export const volumeText = decimalWithin('0', '1000');

const instrument = z.string().regex(/^[A-Z0-9_.]{2,20}$/);
const symbols = z
  .record(instrument, z.string().regex(/^[A-Za-z0-9_.#+&-]{1,31}$/))
  .refine((s) => Object.keys(s).length <= 200, 'at most 200')
  .refine(
    (s) => new Set(Object.values(s)).size === Object.keys(s).length,
    'two instruments cannot be one symbol',
  );

/** What `PATCH` takes: any part of the settings. */
export const settingsChange = z.strictObject({
  name: z.string().trim().min(1).max(100).optional(),
  order_volume: volumeText.optional(),
  risk_bps: z.number().int().min(1).max(1_000).nullable().optional(),
  risk_base: z.enum(['lesser', 'equity']).optional(),
  max_volume: volumeText.nullable().optional(),
  max_positions: z.number().int().min(1).max(1_000).nullable().optional(),
  min_stop_points: z.number().int().min(0).max(100_000).optional(),
  reward_ratio: decimalWithin('0', '100', 4).nullable().optional(),
  max_spread_points: z.number().int().min(1).max(100_000).nullable().optional(),
  commission_per_lot: decimalWithin('0', '10000', 8, true).optional(),
  margin_share_bps: z.number().int().min(1).max(10_000).nullable().optional(),
  max_instrument_volume: decimalWithin('0', '10000').nullable().optional(),
  max_exposure_percent: z.number().int().min(1).max(100_000).nullable().optional(),
  instruments: z.array(instrument).max(200).nullable().optional(),
  symbols: symbols.optional(),
});
export type SettingsChange = z.output<typeof settingsChange>;
