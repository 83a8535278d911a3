/**
 * The prices of an order in whole ticks (domain 4.5): entry to the nearest tick, stop rounded outward, reward in ticks
 * so large that reward : risk never falls under the account's ratio. Pure. What does not fit is refused, never moved
 * to where it fits: a stop is not widened and an entry not put elsewhere. A ratio that cannot be judged is not kept, so an
 * account with one takes no order without a stop and a target.
 */
import { Big, decimalPlaces } from '../platform/decimal.ts';
import { type Refused, refused } from './order-refusal.ts';
import type { SymbolSpecification } from './symbol-specification.ts';
import { toTicks } from './tick-price.ts';

export type WantedPrices = {
  side: 'buy' | 'sell';
  price: string;
  stopLoss: string | null;
  takeProfit: string | null;
};
export type PriceRules = { minStopPoints: number; rewardRatio: string | null };
/** All in ticks; `risk` and `reward` are distances from the entry. */
export type OrderPrices = {
  kind: 'prices';
  entry: bigint;
  stop: bigint | null;
  takeProfit: bigint | null;
  risk: bigint | null;
  reward: bigint | null;
};

/** A stop stands at least this many spreads from its entry, or the spread alone would take it. */
const STOP_SPREADS = 3;

/** Builds the prices on the symbol's ticks. */
export function orderPrices(
  wanted: WantedPrices,
  spec: SymbolSpecification & { tickSize: string },
  rules: PriceRules,
): OrderPrices | Refused {
  const { side, stopLoss, takeProfit } = wanted;
  if (rules.rewardRatio !== null && stopLoss === null) return refused('stop-required');
  if (rules.rewardRatio !== null && takeProfit === null) return refused('take-profit-required');
  const tick = spec.tickSize;
  const sign = side === 'buy' ? 1n : -1n;
  const entry = toTicks(wanted.price, tick, 'nearest');
  const stop = stopLoss === null ? null : toTicks(stopLoss, tick, side === 'buy' ? 'down' : 'up');
  const risk = stop === null ? null : (entry - stop) * sign;
  if (entry <= 0n || (stop !== null && stop <= 0n)) return refused('price-not-positive');
  if (risk !== null && (risk <= 0n || pointsOf(risk, spec).lt(minStopPoints(spec, rules))))
    return refused('stop-too-close');
  if (takeProfit === null) return { kind: 'prices', entry, stop, takeProfit: null, risk, reward: null };
  const reward = rewardTicks(wanted, { entry, risk, takeProfit }, tick, rules.rewardRatio);
  if (reward === null) return refused('reward-below-ratio');
  if (reward <= 0n || pointsOf(reward, spec).lt(spec.stopsLevel)) return refused('take-profit-too-close');
  const target = entry + reward * sign;
  if (target <= 0n) return refused('price-not-positive');
  return { kind: 'prices', entry, stop, takeProfit: target, risk, reward };
}

/** The largest of our own distance, the broker's and three spreads, in points. */
const minStopPoints = (spec: SymbolSpecification, rules: PriceRules): number =>
  Math.max(rules.minStopPoints, spec.stopsLevel, STOP_SPREADS * (spec.spreadPoints ?? 0), 0);

const pointsOf = (ticks: bigint, spec: SymbolSpecification & { tickSize: string }): Big =>
  new Big(String(ticks)).times(spec.tickSize).div(spec.point);

/**
 * The reward in ticks, or null where the signal's own falls short of the ratio by more than rounding to ticks explains:
 * half a tick at each of its prices, the risk's taken as often as the ratio says.
 */
function rewardTicks(
  wanted: WantedPrices,
  built: { entry: bigint; risk: bigint | null; takeProfit: string },
  tick: string,
  ratio: string | null,
): bigint | null {
  const given =
    (toTicks(built.takeProfit, tick, 'nearest') - built.entry) * (wanted.side === 'buy' ? 1n : -1n);
  if (ratio === null || built.risk === null || wanted.stopLoss === null) return given;
  const ownRisk = new Big(wanted.price).minus(wanted.stopLoss).abs();
  const ownReward = new Big(built.takeProfit).minus(wanted.price).abs();
  const shortfall = ownRisk.times(ratio).minus(ownReward);
  if (shortfall.gt(new Big(ratio).plus(1).times(tick))) return null;
  const needed = BigInt(new Big(String(built.risk)).times(ratio).round(0, Big.roundUp).toFixed(0));
  return given > needed ? given : needed;
}

/**
 * The farthest tick at which an order that fills there keeps its ratio of reward to risk, (target + ratio x stop) /
 * (1 + ratio), rounded toward the stop; null where the ratio is not judged. Never nearer to the stop than the entry itself.
 */
export function ratioEnd(
  { stop, takeProfit }: OrderPrices,
  side: 'buy' | 'sell',
  ratio: string | null,
): bigint | null {
  if (ratio === null || stop === null || takeProfit === null) return null;
  const [reward, risk] = fraction(ratio);
  const parts = reward + risk;
  const weighted = takeProfit * risk + stop * reward;
  return side === 'buy' ? weighted / parts : (weighted + parts - 1n) / parts;
}

/** A positive decimal as two whole numbers. */
function fraction(decimal: string): [bigint, bigint] {
  const scale = 10n ** BigInt(decimalPlaces(decimal));
  return [BigInt(new Big(decimal).times(String(scale)).toFixed(0)), scale];
}

/** Whether a pending price lies on its own side of the market, by the broker's distance. */
export function entryOffMarket(
  entry: bigint,
  pending: { side: 'buy' | 'sell'; type: 'limit' | 'stop' },
  spec: SymbolSpecification & { tickSize: string },
): boolean {
  const price = new Big(String(entry)).times(spec.tickSize);
  const market = new Big(pending.side === 'buy' ? spec.ask : spec.bid);
  const below = (pending.type === 'limit') === (pending.side === 'buy');
  const gap = below ? market.minus(price) : price.minus(market);
  return gap.gt(0) && gap.gte(new Big(spec.point).times(spec.stopsLevel));
}
