import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bookedBy } from '../../functions/ledger/booked-sums.ts';
import type { StoredDeal } from '../../functions/ledger/deal-revision.ts';
import { sum } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';
import { deal } from './deal-facts.ts';

const version = (ticket: string, revision: number, changes: Partial<StoredDeal>): StoredDeal => ({
  ...deal({ ticket, ...changes }),
  revision,
});

describe('what deals book', () => {
  it('is the money of each; flows and credit are parts of it', () => {
    const trade = version('1', 0, { profit: '10.5', swap: '-1', commission: '-0.25', fee: '-0.05' });
    const own = { positionId: '0', entry: null, symbol: '' };
    const deposit = version('2', 0, { ...own, type: 'balance', profit: '1000' });
    const credit = version('3', 0, { ...own, type: 'credit', profit: '50' });
    const charge = version('4', 0, { ...own, type: 'charge', profit: '-2.00000001' });
    expect(bookedBy([], [trade, deposit, credit, charge])).toEqual({
      ...{ booked: '1057.19999999', flowed: '1050', credited: '50' },
    });
  });

  it('is restated by what another version says more, and not again by one that is stored', () => {
    const first = version('1', 0, { profit: '10' });
    expect(bookedBy([first], [version('1', 1, { profit: '7.5' })])).toMatchObject({ booked: '-2.5' });
    expect(bookedBy([version('9', 0, { profit: '3' })], [])).toMatchObject({ booked: '0' });
    const deposit = version('1', 1, { type: 'balance', profit: '10' });
    expect(bookedBy([first], [deposit])).toEqual({ booked: '0', flowed: '10', credited: '0' });
  });

  it('stays with a deal that is cancelled, and is what it states again when that is taken back', () => {
    const first = version('1', 0, { profit: '10' });
    const cancelled = version('1', 1, { type: 'buy_canceled', profit: '0' });
    expect(bookedBy([first], [cancelled])).toMatchObject({ booked: '0' });
    expect(bookedBy([first, cancelled], [version('1', 2, { profit: '11' })])).toMatchObject({ booked: '1' });
    // Of a deal that was cancelled before anybody saw it nothing is known.
    expect(bookedBy([], [cancelled])).toMatchObject({ booked: '0' });
    expect(bookedBy([cancelled], [version('1', 2, { profit: '4' })])).toMatchObject({ booked: '4' });
  });
});

describe('deals told in any parts', () => {
  it('add up to what all of them are', () => {
    const census = caseCensus('restated', 'cancelled', 'flow');
    const type = fc.constantFrom(
      'buy',
      'sell_canceled',
      'balance',
      'credit',
      'correction',
      'charge',
      'dividend',
    );
    const cents = fc.integer({ min: -99_999, max: 99_999 }).map((n) => (n / 100).toFixed(2));
    const told = fc.array(
      fc.record({ ticket: fc.constantFrom('1', '2', '3'), type, profit: cents, part: fc.nat({ max: 3 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(told, (rows) => {
        const revisions = new Map<string, number>();
        const all = rows.map(({ part, ticket, ...row }) => {
          const revision = revisions.get(ticket) ?? 0;
          revisions.set(ticket, revision + 1);
          return { part, d: version(ticket, revision, row) };
        });
        // Each ticket's versions come in their order, whichever part they come with.
        const parts = [0, 1, 2, 3].map((part) => all.filter((x) => x.part <= part).map((x) => x.d));
        const stored: StoredDeal[] = [];
        const sums = parts.map((upTo) => {
          const added = upTo.filter((d) => !stored.includes(d));
          const by = bookedBy(stored, added);
          stored.push(...added);
          return by;
        });
        const total = (name: 'booked' | 'flowed' | 'credited') => sum(sums.map((by) => by[name]));
        const whole = bookedBy([], stored);
        for (const name of ['booked', 'flowed', 'credited'] as const) expect(total(name)).toBe(whole[name]);
        census.note(
          'restated',
          [...revisions.values()].some((n) => n > 1),
        );
        census.note(
          'cancelled',
          rows.some((row) => row.type === 'sell_canceled'),
        );
        census.note('flow', whole.flowed !== '0');
      }),
      runs(),
    );
    census.expectAllMet();
  });
});
