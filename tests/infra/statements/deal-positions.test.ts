import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withPositions } from '../../../infra/statements/deal-positions.ts';
import { bareDeal, type StatementDeal } from '../../../infra/statements/statement-deal.ts';
import { runs } from '../../support/property.ts';

type Told = [
  type: 'buy' | 'sell',
  entry: 'in' | 'out' | 'inout' | 'out_by',
  lots: string,
  price: string,
  profit?: string,
];
const list = (told: readonly Told[]): StatementDeal[] =>
  told.map(([type, entry, volume, price, profit = '0'], i) => ({
    ...bareDeal(i + 2, String(i + 1), i * 1000),
    ...{ type, entry, volume, price, profit, symbol: 'X', orderTicket: String(100 + i) },
  }));
const positions = (told: readonly Told[], mode: 'hedging' | 'netting' | null = null): string[] =>
  withPositions(list(told), mode).deals.map((d) => d.positionId);
const fault = (told: readonly Told[], mode: 'hedging' | 'netting' | null = null): string => {
  try {
    withPositions(list(told), mode);
  } catch (e) {
    return `${(e as { line: number }).line}: ${(e as Error).message}`;
  }
  return 'taken';
};

describe('the positions of deals', () => {
  it('on a hedging account: an exit closes one of the other side, by its profit, its volume, its age', () => {
    const two: Told[] = [
      ['buy', 'in', '1', '100'],
      ['buy', 'in', '2', '101'],
    ];
    // Nothing shows what a move is worth yet: the one of just this volume, else the oldest.
    expect(positions([...two, ['sell', 'out', '2', '103', '40']])).toEqual(['100', '101', '101']);
    expect(positions([...two, ['sell', 'out', '0.5', '103', '15']])).toEqual(['100', '101', '100']);
    expect(positions([...two.toReversed(), ['sell', 'out', '1', '103', '30']])).toEqual([
      '100',
      '101',
      '101',
    ]);
    // Once an exit without a choice has shown it, the profit says which.
    const shown: Told[] = [
      ['buy', 'in', '1', '90'],
      ['sell', 'out', '1', '91', '10'],
    ];
    const later = [...shown, ...two];
    expect(positions([...later, ['sell', 'out', '1', '103', '20']]).at(-1)).toBe('103');
    expect(positions([...later, ['sell', 'out', '1', '103', '30']]).at(-1)).toBe('102');
    expect(positions([...two, ['sell', 'in', '1', '102'], ['buy', 'out', '1', '99']]).at(-1)).toBe('102');
  });

  it('on a hedging account close by each other, each its own', () => {
    const told: Told[] = [
      ['buy', 'in', '1', '100'],
      ['sell', 'in', '1', '101'],
      ['sell', 'out_by', '1', '101'],
      ['buy', 'out_by', '1', '101'],
    ];
    expect(positions(told)).toEqual(['100', '101', '100', '101']);
    expect(fault(told, 'netting')).toBe('3: a sell deal cannot be in of this position');
  });

  it('on a netting account: one position a symbol, kept through additions and reversals', () => {
    const told: Told[] = [
      ['buy', 'in', '1', '100'],
      ['buy', 'in', '1', '101'],
      ['sell', 'out', '0.5', '102'],
      ['sell', 'inout', '2', '102'],
      ['buy', 'out', '0.5', '100'],
      ['buy', 'in', '1', '100'],
    ];
    expect(positions(told)).toEqual(['100', '100', '100', '100', '100', '105']);
    expect(withPositions(list(told), null).mode).toBe('netting');
    expect(fault(told, 'hedging')).toBe('5: a hedging account reverses no position');
    const more: Told[] = [...told.slice(0, 2), ['sell', 'out', '2', '102']];
    // No single position could give two lots.
    expect(withPositions(list(more), null).mode).toBe('netting');
  });

  it.each<[string, Told[], 'hedging' | 'netting' | null, string]>([
    [
      'an exit of nothing',
      [['sell', 'out', '1', '1']],
      null,
      '2: it closes 1 lots of X that nothing before it opened',
    ],
    [
      'an exit of nothing, netted',
      [['sell', 'out', '1', '1']],
      'netting',
      '2: it closes 1 lots of X that nothing',
    ],
    [
      'more than there is',
      [
        ['buy', 'in', '1', '1'],
        ['sell', 'out', '2', '1'],
      ],
      null,
      '3: it closes 2 lots',
    ],
    [
      'more than there is, netted',
      [
        ['buy', 'in', '1', '1'],
        ['sell', 'out', '2', '1'],
      ],
      'netting',
      '3: it closes 2',
    ],
    [
      'a reversal that reverses nothing',
      [
        ['buy', 'in', '2', '1'],
        ['sell', 'inout', '2', '1'],
      ],
      null,
      '3: it closes 2 lots',
    ],
    [
      'an exit on the wrong side',
      [
        ['buy', 'in', '1', '1'],
        ['buy', 'out', '1', '1'],
      ],
      'netting',
      '3: a buy deal cannot be out',
    ],
    [
      'a close-by, netted',
      [
        ['buy', 'in', '1', '1'],
        ['sell', 'out_by', '1', '1'],
      ],
      'netting',
      '3: a netting account closes none',
    ],
  ])('are refused by the line with %s', (_, told, mode, why) => {
    expect(fault(told, mode).startsWith(why), fault(told, mode)).toBe(true);
  });

  it('come out even, whatever the order of the rows, and a longer list says the same of each', () => {
    const step = fc.record({
      buy: fc.boolean(),
      lots: fc.integer({ min: 1, max: 9 }),
      price: fc.integer({ min: 90, max: 110 }),
      close: fc.boolean(),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(), (steps, cut) => {
        const open: { buy: boolean; lots: number; price: number }[] = [];
        const told = steps.map((s): Told => {
          const at = open[s.which % Math.max(1, open.length)];
          if (!s.close || at === undefined) {
            open.push({ ...s });
            return [s.buy ? 'buy' : 'sell', 'in', String(s.lots), String(s.price)];
          }
          const lots = Math.min(s.lots, at.lots);
          at.lots -= lots;
          if (at.lots === 0) open.splice(open.indexOf(at), 1);
          const profit = (s.price - at.price) * lots * (at.buy ? 10 : -10);
          return [at.buy ? 'sell' : 'buy', 'out', String(lots), String(s.price), String(profit)];
        });
        const read = (deals: StatementDeal[]) => {
          try {
            return withPositions(deals, 'hedging').deals;
          } catch {
            // Where the profit cannot tell and the volumes mislead, it is refused rather than guessed on.
            return null;
          }
        };
        const found = read(list(told));
        expect(read(list(told).reverse())).toEqual(found);
        if (found === null) return;
        expect(read(list(told.slice(0, cut % told.length)))).toEqual(found.slice(0, cut % told.length));
        const volumes = new Map<string, number>();
        for (const d of found) {
          const left = (volumes.get(d.positionId) ?? 0) + (d.entry === 'in' ? 1 : -1) * Number(d.volume);
          expect(left).toBeGreaterThanOrEqual(0);
          volumes.set(d.positionId, left);
        }
        const total = open.reduce((sum, p) => sum + p.lots, 0);
        expect([...volumes.values()].reduce((sum, left) => sum + left, 0)).toBe(total);
      }),
      runs(),
    );
  });
});
