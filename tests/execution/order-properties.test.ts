// What every order built by risk keeps to, over symbols as brokers really have them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovedTerms } from '../../functions/execution/approved-terms.ts';
import { entryOrder } from '../../functions/execution/entry-order.ts';
import { Big } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';
import { entryFacts, NOW, openMarket } from './trading-facts.ts';

/** Point, tick in points, mid price in points, lot step, minimum in steps: metals, currencies, yen, indices, crypto. */
const SYMBOLS = [
  { name: 'metal', digits: 2, tickPoints: 1, mid: 203_500, step: '0.01', minSteps: 1 },
  { name: 'currency', digits: 5, tickPoints: 1, mid: 108_500, step: '0.01', minSteps: 1 },
  { name: 'yen', digits: 3, tickPoints: 1, mid: 150_000, step: '0.01', minSteps: 10 },
  { name: 'index', digits: 2, tickPoints: 25, mid: 521_025, step: '1', minSteps: 1 },
  { name: 'odd step', digits: 1, tickPoints: 5, mid: 180_000, step: '0.03', minSteps: 2 },
  { name: 'coarse tick', digits: 2, tickPoints: 50, mid: 6_000_000, step: '0.1', minSteps: 1 },
] as const;

const given = fc
  .record({
    symbol: fc.constantFrom(...SYMBOLS),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    type: fc.constantFrom('limit' as const, 'stop' as const, 'market' as const),
    // In thousandths of a tick, so that hardly any price lies on one.
    awayMilliTicks: fc.integer({ min: 0, max: 3_000_000 }),
    riskMilliTicks: fc.integer({ min: 1, max: 4_000_000 }),
    ratioMilli: fc.constantFrom(1_000, 1_500, 2_000, 3_250, 4_333),
    extraReward: fc.integer({ min: -3_000, max: 500_000 }),
    tickValueMicro: fc.integer({ min: 1_000, max: 30_000_000 }),
    commissionCents: fc.constantFrom(0, 700, 1_234),
    moneyCents: fc.integer({ min: 10_000, max: 100_000_000 }),
    equityPercent: fc.integer({ min: 20, max: 180 }),
    riskBps: fc.integer({ min: 1, max: 1_000 }),
    base: fc.constantFrom('lesser' as const, 'equity' as const),
    stopsLevel: fc.constantFrom(0, 20, 100),
    spread: fc.constantFrom(0, 8, 50),
    maxSteps: fc.integer({ min: 1, max: 5_000 }),
  })
  .map((g) => {
    const { symbol, side } = g;
    const point = new Big(10).pow(-symbol.digits);
    const tick = point.times(symbol.tickPoints);
    const milli = (n: number) => tick.times(n).div(1_000).round(8, Big.roundHalfUp);
    const [bid, ask] = [
      point.times(symbol.mid).minus(point.times(symbol.mid).mod(tick)),
      point.times(symbol.mid + g.spread),
    ];
    const up = side === 'buy' ? 1 : -1;
    // A limit lies behind the market and a stop before it.
    const towards = g.type === 'market' ? 0 : g.type === 'stop' ? up : -up;
    const price = (side === 'buy' ? ask : bid).plus(milli(g.awayMilliTicks).times(towards));
    const ratio = new Big(g.ratioMilli).div(1_000);
    const risk = milli(g.riskMilliTicks);
    const stop = price.minus(risk.times(up));
    const reward = risk.times(ratio).plus(milli(g.extraReward));
    const target = price.plus(reward.times(up)).round(8, Big.roundHalfUp);
    return { ...g, point, tick, bid, ask, up, price, ratio, stop, target };
  })
  .filter((g) => g.stop.gt(0) && g.price.gt(0) && g.target.gt(0));
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

const factsOf = (g: Given) => {
  const text = (b: Big) => b.toFixed();
  const wide = g.tick.times(40);
  const terms: Partial<ApprovedTerms> = {
    side: g.side,
    order_type: g.type,
    price: text(g.price),
    band: { low: text(g.price.minus(wide)), high: text(g.price.plus(wide)) },
    stop_loss: text(g.stop),
    take_profit: text(g.target),
    max_volume: '100000',
    max_risk: null,
  };
  const balance = text(new Big(g.moneyCents).div(100));
  const equity = text(new Big(g.moneyCents).times(g.equityPercent).div(10_000));
  return entryFacts({
    account: { state: { balance, equity, margin_free: equity } },
    settings: {
      riskBps: g.riskBps,
      riskBase: g.base,
      rewardRatio: text(g.ratio),
      commissionPerLot: text(new Big(g.commissionCents).div(100)),
    },
    specification: {
      point: text(g.point),
      tickSize: text(g.tick),
      tickValueLoss: text(new Big(g.tickValueMicro).div(1_000_000)),
      volumeMin: text(new Big(g.symbol.step).times(g.symbol.minSteps)),
      volumeMax: text(new Big(g.symbol.step).times(g.maxSteps)),
      volumeStep: g.symbol.step,
      stopsLevel: g.stopsLevel,
      spreadPoints: g.spread,
      bid: text(g.bid),
      ask: text(g.ask),
    },
    terms,
  });
};

const budgetOf = (g: Given): Big => {
  const { balance = '0', equity = '0' } = factsOf(g).account.state ?? {};
  const lesser = new Big(balance).lt(equity) ? balance : equity;
  return new Big(g.base === 'equity' ? equity : lesser).times(g.riskBps).div(10_000);
};

describe('every order built by risk', () => {
  it('keeps the ratio and the budget, its prices on ticks and its volume on steps, on any symbol', () => {
    const census = caseCensus(
      ...SYMBOLS.map((s) => `built: ${s.name}` as const),
      ...(['limit', 'stop', 'market', 'buy', 'sell', 'tightest step', 'at the maximum'] as const),
      ...(['narrowed', 'as wide as approved'] as const),
      ...(['stop-too-close', 'below-min-volume', 'entry-through-market', 'reward-below-ratio'] as const),
    );
    fc.assert(
      fc.property(given, (g) => {
        const facts = factsOf(g);
        const verdict = entryOrder(facts, openMarket(), NOW);
        if (verdict.kind === 'refused') {
          for (const reason of [
            'stop-too-close',
            'below-min-volume',
            'entry-through-market',
            'reward-below-ratio',
          ] as const)
            census.note(reason, verdict.reason === reason);
          return;
        }
        const { order } = verdict.order;
        census.note(`built: ${g.symbol.name}`, true);
        census.note(g.type, true);
        census.note(g.side, true);
        const entry = new Big(order.price ?? g.price.div(g.tick).round(0, Big.roundHalfUp).times(g.tick));
        const [stop, target] = [new Big(order.stop_loss ?? 0), new Big(order.take_profit ?? 0)];
        for (const price of [entry, stop, target]) expect(price.mod(g.tick).eq(0), 'on a tick').toBe(true);
        // Outward: never nearer than what was approved.
        expect(stop.minus(g.stop).times(g.up).lte(0), 'the stop is outward').toBe(true);
        expect(stop.minus(g.stop).abs().lt(g.tick), 'by less than a tick').toBe(true);
        const risk = entry.minus(stop).times(g.up);
        const reward = target.minus(entry).times(g.up);
        expect(reward.gte(risk.times(g.ratio)), 'reward to risk').toBe(true);
        const distance = Math.max(g.stopsLevel, 3 * g.spread);
        expect(risk.gte(g.point.times(distance)), 'the stop’s distance').toBe(true);
        // A market order may fill at the far end of its band.
        const pre = verdict.order.pre as { price_low?: string; price_high?: string };
        const far = g.side === 'buy' ? pre.price_high : pre.price_low;
        const approved = g.side === 'buy' ? facts.terms.band.high : facts.terms.band.low;
        const worst = g.type === 'market' ? new Big(far ?? 0) : entry;
        if (g.type === 'market') {
          expect(worst.minus(approved).times(g.up).lte(0), 'within the approved band').toBe(true);
          const [risked, won] = [worst.minus(stop).times(g.up), target.minus(worst).times(g.up)];
          expect(won.gte(risked.times(g.ratio)), 'reward to risk at the far end').toBe(true);
          // Narrower by no tick more than the ratio asks for.
          const next = worst.plus(g.tick.times(g.up));
          const short = target.minus(next).times(g.up).lt(next.minus(stop).times(g.up).times(g.ratio));
          const narrowed = !worst.eq(approved);
          if (census.note('narrowed', narrowed)) expect(short, 'one tick more').toBe(true);
          census.note('as wide as approved', !narrowed);
        }
        const ticks = worst.minus(stop).times(g.up).div(g.tick);
        const perLot = ticks.times(g.tickValueMicro).div(1_000_000).plus(new Big(g.commissionCents).div(100));
        const volume = new Big(order.volume);
        expect(volume.mod(g.symbol.step).eq(0), 'on a step').toBe(true);
        expect(volume.gte(new Big(g.symbol.step).times(g.symbol.minSteps)), 'the minimum').toBe(true);
        const budget = budgetOf(g);
        expect(volume.times(perLot).lte(budget), 'at most the budget').toBe(true);
        const atMaximum = volume.eq(new Big(g.symbol.step).times(g.maxSteps));
        census.note('at the maximum', atMaximum);
        const oneMore = volume.plus(g.symbol.step).times(perLot);
        // For a market order a band off the ticks may take one tick more into account than its price says.
        if (census.note('tightest step', !atMaximum && g.type !== 'market'))
          expect(oneMore.gt(budget), 'one step more').toBe(true);
      }),
      runs(4_000),
    );
    census.expectAllMet();
  });

  it('puts a pending price on its own side of the market, by the broker’s distance', () => {
    const census = caseCensus('buy limit', 'sell limit', 'buy stop', 'sell stop');
    fc.assert(
      fc.property(
        given.filter((g) => g.type !== 'market'),
        (g) => {
          const verdict = entryOrder(factsOf(g), openMarket(), NOW);
          if (verdict.kind === 'refused') return;
          const price = new Big(verdict.order.order.price ?? 0);
          const market = g.side === 'buy' ? g.ask : g.bid;
          const below = (g.type === 'limit') === (g.side === 'buy');
          const gap = below ? market.minus(price) : price.minus(market);
          census.note(`${g.side} ${g.type as 'limit' | 'stop'}`, true);
          expect(gap.gt(0) && gap.gte(g.point.times(g.stopsLevel))).toBe(true);
        },
      ),
      runs(2_000),
    );
    census.expectAllMet();
  });
});
