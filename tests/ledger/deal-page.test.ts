import { describe, expect, it } from 'vitest';
import { dealPage, MAX_DEALS } from '../../functions/ledger/deal-page.ts';

const deal = (over: Record<string, unknown> = {}) => ({
  ...{ ticket: '2', order: '12', position_id: '12', time: '2026-03-02T10:00:00Z', type: 'buy', entry: 'in' },
  ...{ symbol: 'XAUUSD', volume: '0.10', price: '2100.00', commission: '-0.50', swap: '0', profit: '0.00' },
  ...over,
});
const pointers = (body: unknown): string[] => {
  const page = dealPage(body);
  return page.kind === 'faults' ? page.faults.map((f) => f.pointer) : [];
};

describe('a page of deals', () => {
  it('is read into facts, decimals plain and times in milliseconds', () => {
    expect(dealPage({ deals: [deal()] })).toEqual({
      kind: 'deals',
      dryRun: false,
      deals: [
        {
          ...{
            ticket: '2',
            orderTicket: '12',
            positionId: '12',
            timeMs: Date.UTC(2026, 2, 2, 10),
            type: 'buy',
          },
          ...{ entry: 'in', magic: '0', reason: 'client', symbol: 'XAUUSD', volume: '0.1', price: '2100' },
          ...{ commission: '-0.5', swap: '0', profit: '0', fee: '0', comment: '', externalId: '' },
        },
      ],
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a ticket of zero', { ticket: '0' }, '/deals/0/ticket'],
    ['a ticket that is no number', { ticket: '1a' }, '/deals/0/ticket'],
    ['a time without a zone', { time: '2026-03-02T10:00:00' }, '/deals/0/time'],
    ['an exponent', { profit: '1e3' }, '/deals/0/profit'],
    ['more places than the books hold', { price: '1.123456789' }, '/deals/0/price'],
    ['more digits than the books hold', { profit: '1234567890123' }, '/deals/0/profit'],
    ['an entry that there is none of', { entry: 'sideways' }, '/deals/0/entry'],
    ['no type', { type: '' }, '/deals/0/type'],
    ['a long comment', { comment: 'x'.repeat(101) }, '/deals/0/comment'],
    ['a trade without a position', { position_id: '0' }, '/deals/0/position_id'],
    ['a trade without a symbol', { symbol: '' }, '/deals/0/symbol'],
    ['a trade without volume', { volume: '0' }, '/deals/0/volume'],
    ['a trade without a price', { price: '0.00' }, '/deals/0/price'],
    ['what nobody knows', { extra: 1 }, '/deals/0/extra'],
  ])('is refused with %s', (_, over, pointer) => {
    expect(pointers({ deals: [deal(over)] })).toEqual([pointer]);
  });

  it('takes money of the account without a position, and a roll-over without volume', () => {
    const none = { position_id: '0', symbol: '', volume: '0', price: '0' };
    expect(pointers({ deals: [deal({ ...none, type: 'balance', entry: null })] })).toEqual([]);
    expect(pointers({ deals: [deal({ reason: 'rollover', volume: '0', price: '0' })] })).toEqual([]);
  });

  it('has no ticket twice, one deal at least, and no more than the limit', () => {
    expect(pointers({ deals: [deal(), deal()] })).toEqual(['/deals/1/ticket']);
    expect(pointers({ deals: [] })).toEqual(['/deals']);
    expect(pointers({})).toEqual(['/deals']);
    const many = (n: number) => Array.from({ length: n }, (_, i) => deal({ ticket: String(i + 1) }));
    expect(pointers({ deals: many(MAX_DEALS) })).toEqual([]);
    expect(pointers({ deals: many(MAX_DEALS + 1) })).toEqual(['/deals']);
    expect(pointers({ deals: many(500).map((d) => ({ ...d, price: '' })) })).toHaveLength(100);
  });
});
