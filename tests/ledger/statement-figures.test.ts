import fc from 'fast-check';
import { describe, expect, it, type TestContext } from 'vitest';
import { type StatementFigures, statementFigures } from '../../functions/ledger/statement-figures.ts';
import { runs } from '../support/property.ts';
import { mt4Statement, type Statement, tester2024, tester2026 } from './shared-statements.ts';

const rounded = (figures: StatementFigures) =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? Math.round(value * 100) / 100 : value,
    ]),
  );

// What the terminals state, as their own files and the folder's README print it.
const STATED: [string, (t: TestContext) => Statement, Partial<StatementFigures>][] = [
  [
    'the MT4 statement of 2026',
    mt4Statement,
    {
      ...{ net: '172705.68', gross_profit: '252351.1', gross_loss: '-79645.42', profit_factor: 3.17 },
      ...{ total_trades: 422, wins: 360, losses: 62, start_balance: '10000' },
      ...{ deposits: '10000', withdrawals: '-120000' },
      ...{ balance_dd_absolute: '0', balance_dd_maximal: '8832', balance_dd_maximal_percent: 5.15 },
      ...{ balance_dd_relative_percent: 21.03, balance_dd_relative_money: '6277' },
    },
  ],
  [
    'the tester’s report of 2024',
    tester2024,
    {
      ...{ net: '-499.25', gross_profit: '2554', gross_loss: '-3053.25', profit_factor: 0.84 },
      ...{ total_trades: 1001, wins: 610, losses: 391, start_balance: '3000' },
      ...{ expected_payoff: '-0.49875125', largest_profit: '15.81', largest_loss: '-53.91' },
      ...{ max_consecutive_wins: 9, max_consecutive_wins_money: '53.94' },
      ...{ max_consecutive_losses: 8, max_consecutive_losses_money: '-133.23' },
      ...{ balance_dd_absolute: '499.25', balance_dd_maximal: '661.03', balance_dd_maximal_percent: 20.91 },
      ...{ balance_dd_relative_percent: 20.91, balance_dd_relative_money: '661.03' },
    },
  ],
  [
    'the tester’s report of 2026',
    tester2026,
    {
      ...{ net: '207457.32', gross_profit: '457781.32', gross_loss: '-250324', profit_factor: 1.83 },
      ...{ total_trades: 1395, wins: 1244, losses: 151, start_balance: '10000' },
      ...{ expected_payoff: '148.71492473', largest_profit: '2175.45', largest_loss: '-2365' },
      ...{ max_consecutive_wins: 168, max_consecutive_wins_money: '42892.72' },
      ...{ max_consecutive_losses: 12, max_consecutive_losses_money: '-26481' },
      ...{ balance_dd_absolute: '0', balance_dd_maximal: '42965', balance_dd_maximal_percent: 37.19 },
      ...{ balance_dd_relative_percent: 50.35, balance_dd_relative_money: '25601' },
    },
  ],
];

describe('the figures of a statement', () => {
  it.for(STATED)('are those that the terminal states, to the cent: %s', ([, read, stated], t) => {
    const { legs, flows } = read(t);
    expect(rounded(statementFigures(legs, flows))).toMatchObject(stated);
    expect(statementFigures([...legs].reverse(), [...flows].reverse())).toEqual(
      statementFigures(legs, flows),
    );
  });

  it('say nothing of what cannot be: without trades, losses or a drawdown', () => {
    const none = statementFigures([], [{ ticket: '1', timeMs: 0, amount: '100' }], '0');
    expect(none).toMatchObject({ net: '0', total_trades: 0, profit_factor: null, expected_payoff: null });
    expect(none).toMatchObject({ balance_dd_maximal_percent: null });
    const won = statementFigures([leg(1, 500)], [], '0');
    expect(won).toMatchObject({ profit_factor: null, balance_dd_relative_percent: 0 });
    // From nothing into debt: money, but a share of nothing.
    const debt = statementFigures([leg(1, -500)], [], '0');
    expect(debt).toMatchObject({ balance_dd_maximal: '5', balance_dd_absolute: '5' });
    expect(debt).toMatchObject({ balance_dd_maximal_percent: null, balance_dd_relative_percent: null });
  });

  it('take a trade of exactly zero for a profit trade, as terminals do, in runs too', () => {
    const figures = statementFigures([leg(1, 100), leg(2, 0), leg(3, 100), leg(4, -1), leg(5, -1)], [], '10');
    expect(figures).toMatchObject({ wins: 3, losses: 2, max_consecutive_wins: 3, max_consecutive_losses: 2 });
    expect(figures).toMatchObject({ max_consecutive_wins_money: '2', max_consecutive_losses_money: '-0.02' });
  });

  it('begin with the flows up to the first opening where no balance is given', () => {
    const flows = [50, 100, 900].map((timeMs, i) => ({ ticket: `${i}`, timeMs, amount: `${100 * (i + 1)}` }));
    expect(statementFigures([leg(100, 0)], flows).start_balance).toBe('300');
  });
});

const leg = (at: number, cents: number) => ({
  dealTicket: String(at),
  net: (cents / 100).toFixed(2),
  r: null,
  openedMs: at,
  closedMs: at,
});

describe('drawdowns of the balance', () => {
  it('are the furthest below the highest before, and cash flows leave them as they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -90_000, max: 90_000 }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -500, max: 500 })), {
          maxLength: 5,
        }),
        fc.integer({ min: 100, max: 5_000_000 }),
        (cents, moved, start) => {
          const legs = cents.map((net, i) => leg(i, net));
          const curve = [start];
          for (const net of cents) curve.push((curve.at(-1) ?? 0) + net);
          const pairs = curve.map((trough, i) => {
            const peak = Math.max(...curve.slice(0, i + 1));
            return { peak, down: peak - trough };
          });
          const flows = moved.map(([timeMs, amount], i) => ({
            ticket: `f${i}`,
            timeMs,
            amount: String(amount),
          }));
          const figures = statementFigures(legs, flows, (start / 100).toFixed(2));
          const most = Math.max(...pairs.map(({ down }) => down));
          expect(Math.round(Number(figures.balance_dd_maximal) * 100)).toBe(most);
          expect(Math.round(Number(figures.balance_dd_absolute) * 100)).toBe(start - Math.min(...curve));
          const shares = pairs.filter(({ peak }) => peak > 0).map(({ down, peak }) => (down / peak) * 100);
          expect(figures.balance_dd_relative_percent).toBeCloseTo(Math.max(...shares), 9);
          expect(statementFigures(legs, [], (start / 100).toFixed(2))).toEqual({
            ...figures,
            ...{ deposits: '0', withdrawals: '0' },
          });
        },
      ),
      runs(),
    );
  });
});
