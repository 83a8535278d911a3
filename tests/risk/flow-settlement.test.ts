import { describe, expect, it } from 'vitest';
import { type FlowBook, type Moneys, settlement, startFlows } from '../../functions/risk/flow-settlement.ts';

const money = (atS: number, balance: number, booked: number, flowed: number): Moneys => ({
  ...{ atMs: atS * 1_000, balance: String(balance), credit: '0' },
  ...{ booked: String(booked), flowed: String(flowed) },
});
const START = startFlows(money(0, 1_000, 400, 300));

/** The course of a book; what each sample settles. */
function course(samples: readonly Moneys[]): { said: string[]; book: FlowBook } {
  let book = START;
  const said = samples.map((m) => {
    const s = settlement(book, m);
    book = s.kind === 'waiting' ? s.refused : s.taken;
    return `${s.kind} ${s.arrived.toFixed()} ${s.assumed.toFixed()}`;
  });
  return { said, book };
}

describe('flows', () => {
  it('that come with their money arrive at once; results are none', () => {
    const { said, book } = course([
      money(2, 1_500, 900, 800),
      money(4, 1_420, 820, 800),
      money(6, 1_000, 400, 380),
    ]);
    expect(said).toEqual(['settled 500 0', 'settled 0 0', 'settled -420 0']);
    expect(book).toEqual({ base: '600', flowed: '380', pending: [], unsettled: null });
  });

  it('arrive with their money, whichever came first', () => {
    expect(course([money(2, 1_500, 400, 300), money(4, 1_500, 900, 800)]).said).toEqual([
      'waiting 0 0',
      'settled 500 0',
    ]);
    expect(course([money(2, 1_000, 900, 800), money(4, 1_500, 900, 800)]).said).toEqual([
      'waiting 0 0',
      'settled 500 0',
    ]);
  });

  it('are waited for one snapshot and 5 s; then money without a deal is trading', () => {
    const gone = (atS: number) => money(atS, 700, 400, 300);
    expect(course([gone(2), gone(6.999)]).said.at(-1)).toBe('waiting 0 0');
    const { said, book } = course([gone(2), gone(7), money(8, 700, 100, 0)]);
    expect(said).toEqual(['waiting 0 0', 'judged 0 0', 'settled -300 0']);
    expect(book.unsettled).toBeNull();
    // The schedule's next look may be a minute later: it is the second all the same.
    expect(course([gone(2), gone(62)]).said.at(-1)).toBe('judged 0 0');
  });

  it('whose deal is there without the money have not arrived, while others have', () => {
    const deal = (atS: number) => money(atS, 1_000, 900, 800);
    expect(course([deal(2), deal(8)]).said.at(-1)).toBe('judged 0 0');
    const two = [deal(2), deal(8), money(10, 1_000, 700, 600), money(18, 800, 700, 600)];
    expect(course(two).said).toEqual(['waiting 0 0', 'judged 0 0', 'waiting 0 0', 'judged -200 0']);
    expect(course(two).book.pending).toEqual(['500']);
  });

  it('that explain money only in part are taken for it at that sample alone', () => {
    // 500 were booked and came; 30 were lost and are not booked.
    const mixed = (atS: number) => money(atS, 1_470, 900, 800);
    const { said, book } = course([mixed(2), mixed(8), money(9, 1_470, 870, 800)]);
    expect(said).toEqual(['waiting 0 0', 'judged 0 500', 'settled 500 0']);
    expect(book.pending).toEqual([]);
  });

  it('are not waited for longer because trading goes on whose deals are late', () => {
    const falling = [2, 4, 6, 8, 10, 12, 14].map((s) => money(s, 1_000 - s * 10, 400, 300));
    expect(course(falling).said.map((s) => s.split(' ')[0])).toEqual([
      ...['waiting', 'waiting', 'waiting', 'waiting', 'waiting', 'waiting'],
      'judged',
    ]);
  });

  it('are settled as they stand after 10 minutes', () => {
    const gone = (atS: number) => money(atS, 700, 400, 300);
    const { said, book } = course([gone(2), gone(601), gone(602), gone(700)]);
    expect(said).toEqual(['waiting 0 0', 'judged 0 0', 'judged 0 0', 'settled 0 0']);
    expect(book.base).toBe('300');
  });

  it('of more than eight under way are the oldest one', () => {
    const booked = Array.from({ length: 12 }, (_, i) => money(2 + i, 1_000, 410 + 10 * i, 310 + 10 * i));
    const { book } = course(booked);
    expect(book.pending).toHaveLength(8);
    expect(book.pending[0]).toBe('50');
    expect(settlement(book, money(20, 1_120, 520, 420)).arrived.toFixed()).toBe('120');
  });

  it('of a cent are rounding, and less than that where an account holds little', () => {
    expect(course([money(2, 1_000.01, 400, 300)]).said).toEqual(['settled 0 0']);
    const dear = startFlows({ ...money(0, 1, 1, 1) });
    expect(settlement(dear, money(2, 1.001, 1, 1)).kind).toBe('waiting');
  });
});
