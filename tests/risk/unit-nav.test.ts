import { describe, expect, it } from 'vitest';
import { Big } from '../../functions/platform/decimal.ts';
import {
  drawdownOf,
  navOf,
  startUnits,
  type UnitBook,
  withFlow,
  withNav,
} from '../../functions/risk/unit-nav.ts';

const big = (n: number | string) => new Big(n);
const START = startUnits(big(10_000), false);
/** A book after each NAV, every one of a price of its own. */
const valuedAt = (book: UnitBook, ...navs: number[]): UnitBook =>
  navs.reduce((b, nav) => withNav(b, big(nav), 'confirms'), book);

describe('an account in units', () => {
  it('gives and takes units at the NAV of the moment', () => {
    expect(START).toMatchObject({ units: '10000', nav: '1', peak: '1' });
    const fallen = valuedAt(START, 0.85);
    const paid = withFlow(fallen, big(18_500), big(10_000));
    expect(navOf(fallen, big(18_500), big(10_000)).toFixed()).toBe('0.85');
    expect(Number(paid.units)).toBeCloseTo(18_500 / 0.85, 9);
    expect(navOf(paid, big(18_500), big(0)).toFixed(12)).toBe('0.850000000000');
    expect(drawdownOf(fallen)).toBe(1_500);
  });

  it('has lost all of it where nothing is left before a flow, and no flow buys any of that', () => {
    expect(navOf(START, big(4_950), big(5_000)).toFixed()).toBe('0');
    const ruined = withFlow(valuedAt(START, 0), big(4_950), big(5_000));
    expect(ruined).toMatchObject({ units: '0', nav: '0' });
    expect(drawdownOf(ruined)).toBe(10_000);
  });

  it('has a peak once two samples in a row were at it, the lower of the two', () => {
    expect(valuedAt(START, 1.2)).toMatchObject({ peak: '1', candidate: '1.2' });
    expect(valuedAt(START, 1.2, 1.1)).toMatchObject({ peak: '1.1', candidate: null });
    expect(valuedAt(START, 1.2, 1.3)).toMatchObject({ peak: '1.2', candidate: '1.3' });
    expect(valuedAt(START, 1.2, 0.9, 1.3)).toMatchObject({ peak: '1', candidate: '1.3' });
    expect(withNav(valuedAt(START, 1.2), big(1.2), 'candidate')).toMatchObject({
      peak: '1',
      candidate: '1.2',
    });
    expect(withNav(valuedAt(START, 1.2), big(1.5), 'no')).toMatchObject({
      peak: '1',
      candidate: null,
      nav: '1.5',
    });
  });

  it('that begins with something open takes the lower of its first two samples for its peak', () => {
    const open = startUnits(big(10_000), true);
    expect(valuedAt(open, 0.7)).toMatchObject({ peak: '0.7', provisional: false });
    expect(valuedAt(open, 1.4)).toMatchObject({ peak: '1', candidate: '1.4' });
    expect(valuedAt(open, 0.7, 0.63)).toMatchObject({ peak: '0.7', nav: '0.63' });
    expect(drawdownOf(valuedAt(open, 0))).toBe(10_000);
  });
});
