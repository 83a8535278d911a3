import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitsOf } from '../../functions/ledger/exact-money.ts';
import { legFigures } from '../../functions/ledger/leg-tally.ts';
import { inCloseOrder } from '../../functions/ledger/realised-leg.ts';
import { caseCensus, runs } from '../support/property.ts';
import { legOf, manyLegs } from './leg-facts.ts';
import { mt4Statement } from './shared-statements.ts';

const START = Date.UTC(2026, 1, 1);
const figuresOf = (...cents: number[]) => legFigures(cents.map((c, i) => legOf(i + 1, c)));

describe('the statistics of legs', () => {
  it('are those of the table, worked by hand', () => {
    const figures = legFigures([
      legOf(1, 300, { openedMs: 0, closedMs: 10_000, r: '1.5' }),
      legOf(2, -100, { openedMs: 5_000, closedMs: 20_000, r: '-0.5' }),
      legOf(3, 0, { openedMs: 30_000, closedMs: 31_000 }),
      legOf(4, 200, { openedMs: 31_000, closedMs: 40_000 }),
      legOf(5, 50, { openedMs: 31_000, closedMs: 40_000 }),
    ]);
    expect(figures).toMatchObject({
      ...{ trades: 5, wins: 3, losses: 1, flats: 1, net: '4.5', gross_profit: '5.5', gross_loss: '-1' },
      ...{ profit_factor: 5.5, win_rate: 0.6, expectancy: '0.9', expectancy_r: 0.5, r_trades: 2 },
      ...{ average_win: '1.83333333', average_loss: '-1', largest_win: '3', largest_loss: '-1' },
      ...{ longest_wins: { count: 2, money: '2.5' }, longest_losses: { count: 1, money: '-1' } },
      time_in_trade_ms: { shortest: 1_000, mean: 8_800, longest: 15_000 },
      ...{ exposure_percent: 75, reasons: {} },
    });
    expect(figures.payoff).toBeCloseTo(5.5 / 3, 12);
  });

  it('are null with a reason where nothing defines them, and never zero or infinite instead', () => {
    expect(figuresOf()).toMatchObject({ trades: 0, net: '0', gross_loss: '0', time_in_trade_ms: null });
    expect(Object.values(figuresOf().reasons)).toEqual(Array(13).fill('no-trades'));
    const won = figuresOf(100);
    expect(won).toMatchObject({ profit_factor: null, payoff: null, average_loss: null, win_rate: 1 });
    expect(won.reasons).toEqual({
      ...{ profit_factor: 'no-losses', average_loss: 'no-losses', payoff: 'no-losses' },
      ...{ largest_loss: 'no-losses', longest_losses: 'no-losses' },
      ...{ expectancy_r: 'no-risk-known', exposure_percent: 'no-time' },
    });
    expect(figuresOf(-100).reasons).toMatchObject({ payoff: 'no-wins', longest_wins: 'no-wins' });
    expect(figuresOf(-100)).toMatchObject({ profit_factor: 0, win_rate: 0 });
  });

  it('name every null, and nothing else', () => {
    fc.assert(
      fc.property(manyLegs(START, 4), (legs) => {
        const { reasons, ...figures } = legFigures(inCloseOrder(legs));
        const nulls = Object.entries(figures).filter(([, value]) => value === null);
        expect(Object.keys(reasons).sort()).toEqual(nulls.map(([name]) => name).sort());
      }),
      runs(),
    );
  });

  it('count as the definitions say, leg by leg, in whatever order the legs are given', () => {
    const census = caseCensus('flat', 'equal closes', 'overlap');
    fc.assert(
      fc.property(manyLegs(START), fc.infiniteStream(fc.nat()), (legs, random) => {
        const figures = legFigures(inCloseOrder(legs));
        const shuffled = legs
          .map((leg) => ({ leg, by: random.next().value ?? 0 }))
          .sort((a, b) => a.by - b.by);
        expect(legFigures(inCloseOrder(shuffled.map(({ leg }) => leg)))).toEqual(figures);
        const cents = legs.map((leg) => Math.round(Number(leg.net) * 100));
        const total = (some: number[]) => some.reduce((a, b) => a + b, 0);
        expect(unitsOf(figures.net)).toBe(BigInt(total(cents)) * 1_000_000n);
        expect(unitsOf(figures.gross_profit)).toBe(BigInt(total(cents.filter((c) => c > 0))) * 1_000_000n);
        expect(unitsOf(figures.gross_loss)).toBe(BigInt(total(cents.filter((c) => c < 0))) * 1_000_000n);
        expect(figures.wins + figures.losses + figures.flats).toBe(legs.length);
        census.note('flat', figures.flats > 0);
        census.note('equal closes', new Set(legs.map((leg) => leg.closedMs)).size < legs.length);
        census.note('overlap', openSeconds(legs) < total(legs.map((l) => l.closedMs - l.openedMs)) / 1000);
        const span = Math.max(...legs.map((l) => l.closedMs)) - Math.min(...legs.map((l) => l.openedMs));
        if (figures.exposure_percent !== null)
          expect(figures.exposure_percent).toBeCloseTo((openSeconds(legs) * 100_000) / span, 6);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('find the longest runs by close order, ties by ticket as a number', () => {
    const closedMs = 1_000;
    // By text 10 would come before 9, and the two losses would not stand together.
    const legs = [legOf(10, -200, { closedMs }), legOf(9, -100, { closedMs }), legOf(11, 50, { closedMs })];
    expect(legFigures(inCloseOrder(legs)).longest_losses).toEqual({ count: 2, money: '-3' });
    expect(figuresOf(-1, 0, -1, 5, -3).longest_losses).toEqual({ count: 1, money: '-0.03' });
    expect(figuresOf(100, 0, 100).longest_wins).toEqual({ count: 1, money: '1' });
  });

  it('tell wins, losses and flats of a real statement apart', (t) => {
    const { legs } = mt4Statement(t);
    expect(legFigures(inCloseOrder(legs))).toMatchObject({ trades: 422, wins: 343, losses: 62, flats: 17 });
  });
});

/** Seconds in which some leg is open: intervals merged one by one. */
function openSeconds(legs: readonly { openedMs: number; closedMs: number }[]): number {
  const merged: { from: number; to: number }[] = [];
  for (const { openedMs, closedMs } of legs) {
    let [from, to] = [openedMs, closedMs];
    for (let i = merged.length - 1; i >= 0; i -= 1) {
      const other = merged[i];
      if (other === undefined || other.to < from || other.from > to) continue;
      [from, to] = [Math.min(from, other.from), Math.max(to, other.to)];
      merged.splice(i, 1);
    }
    merged.push({ from, to });
  }
  return merged.reduce((all, { from, to }) => all + (to - from) / 1000, 0);
}
