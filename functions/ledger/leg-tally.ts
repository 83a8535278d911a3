/**
 * Trade statistics over realised legs (domain 6). Invariants: the net is the gross profit and the gross loss together;
 * wins, losses and flats together are the trades; nothing depends on the order of what is given but the streaks, and they
 * go by close. A figure that is not defined is null, with a reason under its name in `reasons`.
 */
import { amountOf, meanOf, unitsOf } from './exact-money.ts';
import type { RealisedLeg } from './realised-leg.ts';

/** Why a figure is null. */
export type Undefined = 'no-trades' | 'no-losses' | 'no-wins' | 'no-risk-known' | 'no-time';
export type Streak = { count: number; money: string };

export type LegFigures = {
  trades: number;
  wins: number;
  losses: number;
  /** Net of exactly zero: they count among the trades, and end a streak of either kind. */
  flats: number;
  net: string;
  gross_profit: string;
  gross_loss: string;
  profit_factor: number | null;
  win_rate: number | null;
  expectancy: string | null;
  expectancy_r: number | null;
  /** Legs whose risk at entry is known. */
  r_trades: number;
  average_win: string | null;
  average_loss: string | null;
  payoff: number | null;
  largest_win: string | null;
  largest_loss: string | null;
  longest_wins: Streak | null;
  longest_losses: Streak | null;
  time_in_trade_ms: { shortest: number; mean: number; longest: number } | null;
  /** Of the time from the first opening to the last close, the percentage in which something was open. */
  exposure_percent: number | null;
  reasons: Readonly<Record<string, Undefined>>;
};

/** What is counted of a leg: its order stands in the list. */
export type TalliedLeg = Omit<RealisedLeg, 'dealTicket'>;
type Run = { count: number; units: bigint };
const NO_RUN: Run = { count: 0, units: 0n };

/** The figures of legs that come in close order (`inCloseOrder`). */
export function legFigures(legs: readonly TalliedLeg[]): LegFigures {
  const all = newSums();
  const streaks = newStreaks(Math.sign);
  let shortest = Number.POSITIVE_INFINITY;
  let longest = 0;
  let heldMs = 0;
  for (const leg of legs) {
    const units = addTo(all, leg);
    streaks.add(units);
    const ms = leg.closedMs - leg.openedMs;
    shortest = Math.min(shortest, ms);
    longest = Math.max(longest, ms);
    heldMs += ms;
  }
  const reasons: Record<string, Undefined> = {};
  const of = <T>(name: string, why: Undefined | null, value: () => T): T | null => {
    if (why === null) return value();
    reasons[name] = all.trades === 0 ? 'no-trades' : why;
    return null;
  };
  const { wins, losses } = all;
  const noTrades = all.trades === 0 ? ('no-trades' as const) : null;
  const noWins = wins === 0 ? ('no-wins' as const) : null;
  const noLosses = losses === 0 ? ('no-losses' as const) : null;
  const spanMs = legs.length === 0 ? 0 : (legs.at(-1)?.closedMs ?? 0) - firstOpening(legs);
  return {
    ...sumFigures(all),
    profit_factor: of('profit_factor', noLosses, () => profitFactor(all)),
    win_rate: of('win_rate', noTrades, () => wins / all.trades),
    expectancy: of('expectancy', noTrades, () => meanOf(all.gain + all.loss, all.trades)),
    expectancy_r: of('expectancy_r', all.rTrades === 0 ? 'no-risk-known' : null, () => all.r / all.rTrades),
    r_trades: all.rTrades,
    average_win: of('average_win', noWins, () => meanOf(all.gain, wins)),
    average_loss: of('average_loss', noLosses, () => meanOf(all.loss, losses)),
    payoff: of('payoff', noWins ?? noLosses, () => Number(all.gain) / wins / (Number(-all.loss) / losses)),
    largest_win: of('largest_win', noWins, () => amountOf(all.best)),
    largest_loss: of('largest_loss', noLosses, () => amountOf(all.worst)),
    longest_wins: of('longest_wins', noWins, () => presentRun(streaks.wins())),
    longest_losses: of('longest_losses', noLosses, () => presentRun(streaks.losses())),
    time_in_trade_ms: of('time_in_trade_ms', noTrades, () => ({
      ...{ shortest, longest, mean: Math.round(heldMs / all.trades) },
    })),
    exposure_percent: of('exposure_percent', noTrades ?? (spanMs > 0 ? null : 'no-time'), () => {
      return (openMs(legs) / spanMs) * 100;
    }),
    reasons,
  };
}

/** What is only added up, of one party of legs; `gain` and `loss` in units, `loss` zero or negative. */
export type LegSums = {
  trades: number;
  wins: number;
  losses: number;
  gain: bigint;
  loss: bigint;
  best: bigint;
  worst: bigint;
  r: number;
  rTrades: number;
};

/** Sums of no legs yet. */
export const newSums = (): LegSums => ({
  ...{ trades: 0, wins: 0, losses: 0, gain: 0n, loss: 0n, best: 0n, worst: 0n, r: 0, rTrades: 0 },
});

/** Counts one leg; its net in units. */
export function addTo(sums: LegSums, leg: Pick<RealisedLeg, 'net' | 'r'>): bigint {
  const units = unitsOf(leg.net);
  sums.trades += 1;
  if (units > 0n) {
    sums.wins += 1;
    sums.gain += units;
    if (units > sums.best) sums.best = units;
  } else if (units < 0n) {
    sums.losses += 1;
    sums.loss += units;
    if (units < sums.worst) sums.worst = units;
  }
  if (leg.r !== null) {
    sums.r += Number(leg.r);
    sums.rTrades += 1;
  }
  return units;
}

/** Gross profit over gross loss; null without losses. */
export const profitFactor = (sums: Pick<LegSums, 'gain' | 'loss'>): number | null =>
  sums.loss === 0n ? null : Number(sums.gain) / Number(-sums.loss);

/** The counts and sums of legs: always defined. */
export const sumFigures = (sums: LegSums) => ({
  trades: sums.trades,
  wins: sums.wins,
  losses: sums.losses,
  flats: sums.trades - sums.wins - sums.losses,
  net: amountOf(sums.gain + sums.loss),
  gross_profit: amountOf(sums.gain),
  gross_loss: amountOf(sums.loss),
});

/**
 * The longest runs of wins and of losses. `judge` says of a net's sign what it counts as: a win above zero, a loss below,
 * and at zero the end of either. Of runs as long as each other the one that moved more money.
 */
export function newStreaks(judge: (sign: number) => number) {
  let run = NO_RUN;
  let kind = 0;
  const longest = new Map([
    [1, NO_RUN],
    [-1, NO_RUN],
  ]);
  return {
    add: (units: bigint): void => {
      const next = judge(units > 0n ? 1 : units < 0n ? -1 : 0);
      run = next === kind ? { count: run.count + 1, units: run.units + units } : { count: 1, units };
      kind = next;
      const best = longest.get(kind);
      if (best !== undefined && isLonger(run, best)) longest.set(kind, run);
    },
    wins: (): Run => longest.get(1) ?? NO_RUN,
    losses: (): Run => longest.get(-1) ?? NO_RUN,
  };
}

const size = (units: bigint): bigint => (units < 0n ? -units : units);
const isLonger = (run: Run, best: Run): boolean =>
  run.count > best.count || (run.count === best.count && size(run.units) > size(best.units));

/** A run as it is shown. */
export const presentRun = (run: Run): Streak => ({ count: run.count, money: amountOf(run.units) });

const firstOpening = (legs: readonly TalliedLeg[]): number =>
  legs.reduce((first, leg) => Math.min(first, leg.openedMs), Number.POSITIVE_INFINITY);

/** How long at least one of the legs was open: what overlaps counts once. */
function openMs(legs: readonly TalliedLeg[]): number {
  // Floats in one flat array sort many times faster than objects do; legs by opening, each with how far it reaches.
  const opened = Float64Array.from(legs, (leg) => leg.openedMs).sort();
  const closed = Float64Array.from(legs, (leg) => leg.closedMs).sort();
  // The nth end belongs to the nth beginning for this purpose: what is open changes by one at each of them.
  let total = 0;
  let from = opened[0] ?? 0;
  for (let i = 1; i <= opened.length; i += 1) {
    const end = closed[i - 1] ?? 0;
    const next = opened[i];
    if (next !== undefined && next <= end) continue;
    total += end - from;
    from = next ?? 0;
  }
  return total;
}
