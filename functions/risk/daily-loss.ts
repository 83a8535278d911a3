/**
 * Daily-loss rules as proprietary-trading firms have them, in one parameterised form (domain 3.5): an account may not be
 * worth less than a base, taken at a reset, minus an amount. Pure; plain decimals in the account's currency.
 *
 * Invariants: money that comes or goes after the reset moves the level by as much, so that no flow is ever a loss or
 * covers one; we act at or before the firm's own level, never after it; credit counts as balance and its changes as flows.
 */
import { z } from '@hono/zod-openapi';
import { serverClock } from '../market/server-clock.ts';
import { Big, decimalPlaces, isPlainDecimal, plain } from '../platform/decimal.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const WHOLE_BPS = 10_000;

/**
 * What the amount is taken from. `balance`, `equity` and the greater of both (`max`) as they were at the last reset;
 * `highest_eod`: the initial balance or the highest balance that any reset found, which never falls; `initial`: the
 * initial balance, always. The last two are limits for the life of the account and no reset lifts them.
 */
export const DAILY_BASES = ['balance', 'equity', 'max', 'highest_eod', 'initial'] as const;
/** Which of them begin anew at each reset. */
const DAILY: ReadonlySet<DailyRule['base']> = new Set(['balance', 'equity', 'max']);

const isAmount = (text: string) => isPlainDecimal(text) && decimalPlaces(text) <= 8 && !new Big(text).eq(0);
const money = z
  .string()
  .max(24)
  .refine(isAmount, 'must be a plain decimal above zero, with at most 8 digits after the point');

const dailyAmount = z
  .strictObject({
    kind: z.enum(['percent_of_initial', 'percent_of_base', 'money']),
    value: money.openapi({ description: 'percent (`4.5`) or money, as the kind says' }),
  })
  .refine((a) => a.kind === 'money' || !isAmount(a.value) || new Big(a.value).lte(100), {
    path: ['value'],
    error: 'must be at most 100 percent',
  });

/** One rule, as the interface takes it and the settings of a guard keep it. */
export const dailyRule = z
  .strictObject({
    name: z.string().trim().min(1).max(80),
    tz: z
      .string()
      .max(64)
      .refine((zone) => serverClock(zone) !== null, 'must be an IANA zone, NY+7 or an offset such as +02:00')
      .openapi({ description: 'whose wall clock shows `reset`' }),
    reset: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a wall time such as 00:00'),
    base: z.enum(DAILY_BASES),
    amount: dailyAmount,
    buffer_bps: z.number().int().min(1).max(WHOLE_BPS).default(8_000).openapi({
      description: 'how much of the amount may be lost before the guard acts, in hundredths of a percent',
    }),
    initial: money.nullable().default(null).openapi({
      description: 'the size of the account by its contract; null: what had come in when it first traded',
    }),
  })
  .openapi('DailyRule');
export type DailyRule = z.output<typeof dailyRule>;

/**
 * Where a rule stands now. An equity below `actBelow` is ours to act on, one below `breachBelow` has broken the rule.
 * `resetsAtMs`: when the next reset begins a new day; null: the limit holds for the life of the account.
 */
export type EquityLimit = {
  name: string;
  actBelow: string;
  breachBelow: string;
  resetsAtMs: number | null;
};

/** What the account had at a reset, by the deals dated before it. `booked` holds the flows too, and credit with them. */
export type ResetFacts = {
  resetMs: number;
  booked: string;
  flowed: string;
  /** What it was last seen to be worth by then, and what flowed from that moment to the reset; null: never seen. */
  worth: { equity: string; flowed: string } | null;
  /** The greatest `booked - flowed` that this reset or one before it found, and zero before the first. */
  highestResult: string;
};
export type AccountFlows = {
  /** All that has flowed in and out by now. */
  flowed: string;
  /** What had flowed in when it first traded. */
  initial: string;
  /** Money of before its known history: balance and credit less everything booked, as it was last settled. */
  unexplained: string;
};

/** The window of a rule that holds an instant: when it began and when the next one does. */
export type DailyWindow = { resetMs: number; nextMs: number };

/**
 * The window at `atMs`. Days are those of the rule's wall clock, so that one lasts 23 or 25 hours where it is put forward
 * or back. A reset that the clock skips is at the skip; of one that it shows twice the first counts.
 */
export function dailyWindow(rule: Pick<DailyRule, 'tz' | 'reset'>, atMs: number): DailyWindow {
  // A zone may be moved over the date line and skip a day: its resets fall together then.
  const near = resetsNear(rule, atMs - 2 * DAY_MS, atMs + 3 * DAY_MS);
  const resetMs = near.findLast((ms) => ms <= atMs);
  const nextMs = near.find((ms) => ms > atMs);
  if (resetMs === undefined || nextMs === undefined) throw new RangeError('not an instant');
  return { resetMs, nextMs };
}

/** The resets of a rule in [fromMs, toMs], ascending. The caller bounds the span. */
export const resetsBetween = (
  rule: Pick<DailyRule, 'tz' | 'reset'>,
  fromMs: number,
  toMs: number,
): number[] => resetsNear(rule, fromMs, toMs).filter((ms) => ms >= fromMs && ms <= toMs);

/** Those of the wall-clock days that touch a span, and of a day on either side. */
function resetsNear({ tz, reset }: Pick<DailyRule, 'tz' | 'reset'>, fromMs: number, toMs: number): number[] {
  const clock = serverClock(tz);
  const [hours = Number.NaN, minutes = Number.NaN] = reset.split(':').map(Number);
  if (clock === null || !Number.isSafeInteger(hours * 60 + minutes))
    throw new RangeError('a daily rule of no known time');
  const dayOf = (ms: number) => Math.floor(clock.toServerMs(ms) / DAY_MS);
  const first = dayOf(fromMs) - 1;
  return Array.from({ length: dayOf(toMs) + 2 - first }, (_, i) =>
    clock.startMs((first + i) * DAY_MS + (hours * 60 + minutes) * MINUTE_MS),
  );
}

/** A limit with what it is made of: the base moved by the flows since, and the whole amount that may be lost. */
export type DailyLimit = EquityLimit & { base: string; amount: string };

/**
 * The limit of a rule from what the account had at the window's reset; null while there is nothing to lose a part of,
 * because no money has come in yet.
 */
export function dailyLimit(
  rule: DailyRule,
  window: DailyWindow,
  at: ResetFacts,
  account: AccountFlows,
): DailyLimit | null {
  const atReset = baseAtReset(rule.base, at, account);
  const since = new Big(account.flowed).minus(atReset === null ? account.initial : at.flowed);
  const initial =
    rule.initial === null ? new Big(account.initial).plus(account.unexplained) : new Big(rule.initial);
  const taken = atReset ?? lifetimeBase(rule.base, initial, at);
  const base = taken.plus(since);
  // A day that began without money has only what came in since to be a percentage of.
  const amount = amountOf(rule.amount, { initial, ofBase: taken.gt(0) ? taken : base });
  if (base.lte(0) || amount.lte(0)) return null;
  return {
    name: rule.name,
    actBelow: plain(base.minus(amount.times(rule.buffer_bps).div(WHOLE_BPS))),
    breachBelow: plain(base.minus(amount)),
    resetsAtMs: atReset === null ? null : window.nextMs,
    base: plain(base),
    amount: plain(amount),
  };
}

/** The base of a rule that begins anew each day; null for those that do not. Never seen, an account was worth its balance. */
function baseAtReset(base: DailyRule['base'], at: ResetFacts, { unexplained }: AccountFlows): Big | null {
  if (!DAILY.has(base)) return null;
  const balance = new Big(at.booked).plus(unexplained);
  const equity = at.worth === null ? balance : new Big(at.worth.equity).plus(at.worth.flowed);
  if (base === 'balance') return balance;
  return base === 'equity' || equity.gt(balance) ? equity : balance;
}

/** Net of flows the highest balance of a reset is the initial one and the highest result that a reset found. */
const lifetimeBase = (base: DailyRule['base'], initial: Big, { highestResult }: ResetFacts): Big =>
  base === 'initial' || new Big(highestResult).lt(0) ? initial : initial.plus(highestResult);

function amountOf({ kind, value }: DailyRule['amount'], of: { initial: Big; ofBase: Big }): Big {
  if (kind === 'money') return new Big(value);
  return (kind === 'percent_of_initial' ? of.initial : of.ofBase).times(value).div(100);
}

/** How far an account is from a limit, for people: money as decimals, shares as floats in percent. */
export type LimitDistance = {
  /** Until we act; below zero: past it. */
  toAct: string;
  toBreach: string;
  /** `toBreach` in percent of what the account is worth; null where it is worth nothing. */
  toBreachPercent: number | null;
  /** How much of the amount is lost, in percent of it; below zero: the day has earned. */
  usedPercent: number;
};

/** The distance of an account that is worth `equity`. A day's profit widens it, as the rules have it. */
export function limitDistance(
  limit: Pick<DailyLimit, 'actBelow' | 'breachBelow' | 'base' | 'amount'>,
  equity: string,
): LimitDistance {
  const toBreach = new Big(equity).minus(limit.breachBelow);
  return {
    toAct: plain(new Big(equity).minus(limit.actBelow)),
    toBreach: plain(toBreach),
    toBreachPercent: new Big(equity).gt(0) ? (Number(toBreach) / Number(equity)) * 100 : null,
    usedPercent: (Number(new Big(limit.base).minus(equity)) / Number(limit.amount)) * 100,
  };
}
