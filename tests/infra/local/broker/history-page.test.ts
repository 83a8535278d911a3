import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyPage, PAGE_LIMITS, type PageLimits } from '../../../../infra/local/broker/history-page.ts';
import { caseCensus, runs } from '../../../support/property.ts';

const BEGIN = Date.UTC(2020, 0, 1);
const iso = (ms: number) => new Date(BEGIN + ms).toISOString();
type Deal = { time: string; n: number; text: string };
type Order = { time_done: string; n: number };
type History = { deals: Deal[]; history_orders: Order[] };

const deal = (n: number, ms: number, text = ''): Deal => ({ time: iso(ms), n, text });
const order = (n: number, ms: number): Order => ({ time_done: iso(ms), n });
const page = (history: History, limits: PageLimits, toMs: number | null = null, restBytes = 0) =>
  historyPage(history, toMs, { limits, restBytes });

/** All pages, each asked for from where the one before ended, as a bridge answers: no more than `most` of them. */
function pages(
  history: History,
  limits: PageLimits,
  most = 1_000,
): (History & { deals_to: string | null })[] {
  const found = [page(history, limits)];
  for (let end = found[0]?.deals_to; end != null && found.length < most; end = found.at(-1)?.deals_to) {
    const from = end;
    found.push(
      page(
        {
          deals: history.deals.filter((d) => d.time >= from),
          history_orders: history.history_orders.filter((o) => o.time_done >= from),
        },
        limits,
      ),
    );
  }
  return found;
}

describe('a page of a history', () => {
  it('has no end where everything fits, to the last row and byte', () => {
    const history = { deals: [deal(1, 0), deal(2, 1)], history_orders: [order(1, 0)] };
    expect(page(history, { rows: 2, bytes: 10_000 })).toEqual({ ...history, deals_to: null });
    expect(page(history, { rows: 1, bytes: 10_000 })).toEqual({
      ...{ deals: [deal(1, 0)], history_orders: [order(1, 0)], deals_to: iso(1) },
    });
  });

  it('ends where it is asked to, and has nothing from there on', () => {
    const history = { deals: [deal(1, 0), deal(2, 5)], history_orders: [order(1, 5)] };
    const asked = (ms: number) => page(history, PAGE_LIMITS, BEGIN + ms);
    expect(asked(5)).toEqual({ deals: [deal(1, 0)], history_orders: [], deals_to: iso(5) });
    expect(asked(6)).toEqual({ ...history, deals_to: iso(6) });
  });

  it('never parts what is of one moment, and says so where that alone is too much', () => {
    const same = { deals: [deal(1, 3), deal(2, 7), deal(3, 7), deal(4, 7)], history_orders: [] };
    expect(page(same, { rows: 2, bytes: 10_000 })).toMatchObject({ deals: [{ n: 1 }], deals_to: iso(7) });
    const rest = { ...same, deals: same.deals.slice(1) };
    expect(page(rest, { rows: 2, bytes: 10_000 })).toMatchObject({ deals: [], deals_to: iso(7) });
  });

  it('leaves room for what else is in the reply', () => {
    const history = { deals: [deal(1, 0), deal(2, 1)], history_orders: [] };
    const limits = { rows: 10, bytes: 1_024 + 200 };
    expect(page(history, limits).deals_to).toBeNull();
    expect(page(history, limits, null, 100).deals_to).toBe(iso(1));
  });

  it('is one of many that are the history together, however it is dated and wherever it is cut', () => {
    const census = caseCensus('one page', 'many pages', 'cut by rows', 'cut by bytes', 'one moment twice');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(90), fc.nat(200)), { maxLength: 60, size: 'max' }),
        fc.array(fc.nat(90), { maxLength: 60, size: 'max' }),
        fc.integer({ min: 5, max: 70 }),
        fc.integer({ min: 3_000, max: 12_000 }),
        (dealTimes, orderTimes, rows, bytes) => {
          const history = {
            deals: dealTimes.map(([ms, size], n) => deal(n, ms, 'x'.repeat(size))),
            history_orders: orderTimes.map((ms, n) => order(n, ms)),
          };
          // Of one moment there must not be more than fits.
          const moments = Map.groupBy(history.deals, (d) => d.time);
          fc.pre([...moments.values()].every((d) => d.length <= 4));
          fc.pre(
            [...Map.groupBy(history.history_orders, (o) => o.time_done).values()].every((o) => o.length <= 4),
          );
          const found = pages(history, { rows, bytes });
          expect(found.at(-1)?.deals_to).toBeNull();
          const byNumber = <T extends { n: number }>(list: T[]) => list.toSorted((a, b) => a.n - b.n);
          expect(byNumber(found.flatMap((p) => p.deals))).toEqual(history.deals);
          expect(byNumber(found.flatMap((p) => p.history_orders))).toEqual(history.history_orders);
          for (const one of found) {
            expect(Math.max(one.deals.length, one.history_orders.length)).toBeLessThanOrEqual(rows);
            expect(JSON.stringify(one).length).toBeLessThanOrEqual(bytes);
          }
          census.note('one page', found.length === 1);
          census.note('many pages', found.length > 2);
          census.note('cut by rows', found.length > 1 && history.deals.length > rows);
          census.note('cut by bytes', found.length > 1 && history.deals.length <= rows);
          census.note('one moment twice', moments.size < history.deals.length);
        },
      ),
      runs(300),
    );
    census.expectAllMet();
  });

  it('holds as much as the other side takes, and not a row more', () => {
    const deals = Array.from({ length: 25_000 }, (_, n) => deal(n, n * 1_000, 'x'.repeat(300)));
    const history = { deals, history_orders: deals.map((d) => order(d.n, d.n * 1_000)) };
    const found = pages(history, PAGE_LIMITS);
    expect(found.length).toBeGreaterThan(2);
    expect(found.every((p) => p.deals.length <= 10_000 && JSON.stringify(p).length <= 4 * 1_048_576)).toBe(
      true,
    );
    expect(found.flatMap((p) => p.deals)).toHaveLength(25_000);
  });
});
