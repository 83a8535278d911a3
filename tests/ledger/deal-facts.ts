// Deals as stored facts, and whole lives of positions for the properties of the ledger and the reconciliation.
import fc from 'fast-check';
import { type Deal, type ProjectionContext, projectTrades } from '../../functions/ledger/trade-projection.ts';

/** Monday 2 March 2026, 09:00 UTC. */
export const OPENED_MS = Date.UTC(2026, 2, 2, 9);

export const deal = (changes: Partial<Deal> = {}): Deal => ({
  ticket: '5001',
  orderTicket: '1001',
  positionId: '1001',
  timeMs: OPENED_MS,
  type: 'buy',
  entry: 'in',
  magic: '7696581394448',
  reason: 'expert',
  symbol: 'EURUSD',
  volume: '1',
  price: '1.1',
  commission: '0',
  swap: '0',
  profit: '0',
  fee: '0',
  comment: '',
  externalId: '',
  ...changes,
});

/** In cents, and with no close-by. */
export const CENTS: ProjectionContext = { places: 2, closedBy: new Map() };

/** The trade of a position that has had one life at most; null where nothing opened it. */
export function onlyTrade(deals: readonly Deal[], atBroker: boolean) {
  const trades = projectTrades(deals, atBroker, CENTS);
  if (trades.length > 1) throw new Error('the position has had several lives');
  return trades[0] ?? null;
}

const money = fc.integer({ min: -100_000, max: 100_000 }).map((cents) => (cents / 100).toFixed(2));
const price = fc.integer({ min: 100_000, max: 130_000 }).map((points) => (points / 100_000).toFixed(5));
const lots = (hundredths: number): string => (hundredths / 100).toFixed(2);
const parts = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 });

/** The life of one hedging position: fills, then exits of at most what was filled, and costs in between. */
export type Life = { deals: Deal[]; filled: number; left: number };
export const positionLife = (positionId: string): fc.Arbitrary<Life> =>
  fc
    .record({
      side: fc.constantFrom('buy', 'sell'),
      fills: parts,
      exits: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 4 }),
      costs: fc.array(fc.constantFrom('rollover', 'split', 'vmargin', 'corporate_action'), { maxLength: 2 }),
      reason: fc.constantFrom('sl', 'tp', 'so', 'client', 'mobile', 'web', 'expert'),
      amounts: fc.array(fc.tuple(money, money, money, money, price), { minLength: 10, maxLength: 10 }),
      sameMoment: fc.boolean(),
    })
    .map(({ side, fills, exits, costs, reason, amounts, sameMoment }) => {
      const filled = fills.reduce((a, b) => a + b, 0);
      let left = filled;
      const out = exits.map((wanted) => {
        const taken = Math.min(wanted, left);
        left -= taken;
        return taken;
      });
      const opposite = side === 'buy' ? 'sell' : 'buy';
      const rows: Partial<Deal>[] = [
        ...fills.map((v) => ({ entry: 'in' as const, type: side, volume: lots(v), reason: 'expert' })),
        ...costs.map((why) => ({ entry: 'in' as const, type: side, volume: '7', reason: why })),
        ...out
          .filter((v) => v > 0)
          .map((v) => ({ entry: 'out' as const, type: opposite, volume: lots(v), reason })),
      ];
      const deals = rows.map((row, i) => {
        const [profit, swap, commission, fee, at] = amounts[i] ?? amounts[0] ?? ['0', '0', '0', '0', '1.1'];
        const timeMs = OPENED_MS + (sameMoment ? 0 : i * 1000);
        return deal({
          ...row,
          profit,
          swap,
          commission,
          fee,
          price: at,
          timeMs,
          positionId,
          ticket: `${positionId}${i}`,
        });
      });
      return { deals, filled, left };
    });
