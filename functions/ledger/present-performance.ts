import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { isTimeZone } from '../platform/time-zone.ts';
import type { LegFigures } from './leg-tally.ts';
import type { NavReport } from './performance.ts';
import { type Bucket, PERIODS } from './report-period.ts';

/** Beyond these a bucket's edge may have no date that can be written. */
const YEARS = { first: Date.UTC(1971, 0, 1), last: Date.UTC(2100, 0, 1) };

const instant = z.iso
  .datetime({ offset: true, error: 'must be ISO 8601 with an offset' })
  .refine((text) => Date.parse(text) >= YEARS.first && Date.parse(text) <= YEARS.last, {
    error: 'must be from 1971 to 2099',
  });

/** What a report may be asked for: the query of `GET /api/v1/performance` and of its attribution. */
export const performanceQuery = z.strictObject({
  account: uuid.optional().openapi({ description: 'may be left out by whoever has exactly one' }),
  period: z.enum(PERIODS).default('all'),
  tz: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be an IANA time zone')
    .default('UTC')
    .openapi({ description: 'whose days, ISO weeks and months the buckets are' }),
  day_start: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM')
    .default('00:00')
    .openapi({
      description:
        'when a day starts in tz; from 12:00 on it belongs to the date it ends on: 17:00 in America/New_York is the trading day',
    }),
  from: instant.optional().openapi({ description: 'trades that closed at or after it' }),
  to: instant.optional().openapi({ description: 'trades that closed before it' }),
  source: z.enum(['bot', 'manual']).optional(),
});
export type PerformanceQuery = z.output<typeof performanceQuery>;

const ratio = z.number().nullable();
const money = decimal.nullable();
const count = z.number().int();
const reasons = z
  .record(z.string(), z.string())
  .openapi({ description: 'why a figure is null, by its name' });
const streak = z.object({ count, money: decimal }).nullable();

const sums = {
  ...{ trades: count, wins: count, losses: count, flats: count },
  ...{ net: decimal, gross_profit: decimal, gross_loss: decimal },
};

/** What a bucket, a party or a strategy realised, as the API shows it. */
export const partSchema = z
  .object({
    ...sums,
    ...{ profit_factor: ratio, win_rate: ratio, expectancy: money, expectancy_r: ratio },
    reason: z.enum(['no-trades', 'no-losses']).nullable().openapi({
      description: 'why profit_factor is null; with no-trades every ratio is. expectancy_r: no risk known',
    }),
  })
  .openapi('PerformancePart');
export const bucketSchema = z.object({ label: z.string(), from: timestamp, to: timestamp });

export const figuresSchema = z
  .object({
    ...sums,
    ...{ profit: decimal, swap: decimal, commission: decimal, fee: decimal, pips: money },
    ...{ profit_factor: ratio, win_rate: ratio, expectancy: money, expectancy_r: ratio, r_trades: count },
    ...{ average_win: money, average_loss: money, payoff: ratio, largest_win: money, largest_loss: money },
    ...{ longest_wins: streak, longest_losses: streak },
    time_in_trade_seconds: z
      .object({ shortest: z.number(), mean: z.number(), longest: z.number() })
      .nullable(),
    exposure_percent: ratio,
    reasons,
  })
  .openapi('PerformanceFigures', { description: 'over what was realised; a closing deal is a trade' });

export const statementSchema = z
  .object({
    ...{ net: decimal, gross_profit: decimal, gross_loss: decimal },
    ...{ profit_factor: ratio, expected_payoff: money, total_trades: count },
    ...{ wins: count, losses: count, largest_profit: decimal, largest_loss: decimal },
    ...{ max_consecutive_wins: count, max_consecutive_wins_money: decimal },
    ...{ max_consecutive_losses: count, max_consecutive_losses_money: decimal },
    ...{ deposits: decimal, withdrawals: decimal, start_balance: decimal },
    ...{ balance_dd_absolute: decimal, balance_dd_maximal: decimal, balance_dd_maximal_percent: ratio },
    ...{ balance_dd_relative_percent: ratio, balance_dd_relative_money: decimal },
  })
  .openapi('StatementFigures', {
    description:
      'what the terminal’s own report states, by its rules: a trade of zero is a win, and drawdowns are of the balance over closed trades without cash flows',
  });

const moment = timestamp.nullable();
export const navSchema = z
  .object({
    basis: z.enum(['equity', 'balance']).openapi({
      description: 'equity as snapshots showed it; of a history without any the balance over closed trades',
    }),
    ...{ since: moment, stopped_at: moment, days: z.number(), working_days: z.enum(['weekdays', 'all']) },
    ...{ return_percent: ratio, cagr: ratio, sharpe: ratio, sortino: ratio, calmar: ratio },
    recovery_factor: ratio,
    drawdown: z.object({
      ...{ percent: z.number(), peak_at: moment, trough_at: moment, recovered_at: moment },
      ...{ money: decimal, money_peak_at: moment, money_trough_at: moment, money_recovered_at: moment },
      present_percent: z.number(),
    }),
    reasons,
  })
  .openapi('NavFigures', { description: 'of a unit of the account’s money: cash flows move none of it' });

export const performanceSchema = z
  .object({
    account_id: uuid,
    currency: z.string().nullable(),
    ...{ period: z.string(), tz: z.string(), day_start: z.string(), from: moment, to: moment },
    source: z.enum(['bot', 'manual']).nullable(),
    unverified_since: moment.openapi({
      description: 'since when deals do not add up to the broker’s balance',
    }),
    account_costs: decimal.openapi({ description: 'charges and incomes that no trade has' }),
    figures: figuresSchema,
    statement: statementSchema
      .nullable()
      .openapi({ description: 'null where `source` is asked for: it is of the whole account' }),
    nav: navSchema
      .nullable()
      .openapi({ description: 'null where `source` is asked for: it is of the whole account' }),
    buckets: z.array(z.object({ ...bucketSchema.shape, ...partSchema.shape })),
  })
  .openapi('Performance');

/** The wire form of what was realised. */
export function presentFigures(
  { time_in_trade_ms, ...figures }: LegFigures,
  parts: { profit: string; swap: string; commission: string; fee: string; pips: string | null },
): z.output<typeof figuresSchema> {
  const held = time_in_trade_ms;
  const { time_in_trade_ms: unheld, ...reasons } = figures.reasons;
  return {
    ...figures,
    ...parts,
    time_in_trade_seconds:
      held === null
        ? null
        : { shortest: held.shortest / 1000, mean: held.mean / 1000, longest: held.longest / 1000 },
    reasons: {
      ...reasons,
      ...(unheld === undefined ? {} : { time_in_trade_seconds: unheld }),
      ...(parts.pips === null ? { pips: figures.trades === 0 ? 'no-trades' : 'no-pips-known' } : {}),
    },
  };
}

const iso = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** The wire form of what became of a unit. */
export function presentNav(report: NavReport): z.output<typeof navSchema> {
  const { sinceMs, stoppedMs, drawdown: d, ...rest } = report;
  return {
    ...rest,
    ...{ since: iso(sinceMs), stopped_at: iso(stoppedMs) },
    drawdown: {
      ...{ percent: d.percent, peak_at: iso(d.peak_ms), trough_at: iso(d.trough_ms) },
      ...{ recovered_at: iso(d.recovered_ms), money: d.money, money_peak_at: iso(d.money_peak_ms) },
      ...{ money_trough_at: iso(d.money_trough_ms), money_recovered_at: iso(d.money_recovered_ms) },
      present_percent: d.present_percent,
    },
  };
}

/** The wire form of a bucket's bounds. */
export const presentBucket = ({ label, fromMs, toMs }: Bucket): z.output<typeof bucketSchema> => ({
  ...{ label, from: isoTime(fromMs), to: isoTime(toMs) },
});
