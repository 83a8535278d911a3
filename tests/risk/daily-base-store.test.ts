import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { wholeSums } from '../../functions/ledger/deal-store.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import type { Database } from '../../functions/platform/database.ts';
import { Big, plain, sum } from '../../functions/platform/decimal.ts';
import { dailyBaseOf, dailyBases, readDailyLimits } from '../../functions/risk/daily-base-store.ts';
import type { DailyRule } from '../../functions/risk/daily-loss.ts';
import { type StoredDeal, storeDeals } from '../ledger/stored-legs.ts';
import { makeDesk, type Stage } from '../support/organisation.ts';
import { caseCensus, runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const FLOWS = ['balance', 'credit', 'bonus', 'correction'];

let t: TestDatabase;
let stage: Stage;
let account: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  account = (await makeDesk(stage)).account.id;
});
afterAll(() => t?.drop());
beforeEach(() => clear());

async function clear(): Promise<void> {
  await t.sql('DELETE FROM broker_deals');
  await t.sql('DELETE FROM equity_points');
}

/** With the sums that the ledger carries along. */
async function store(deals: readonly StoredDeal[]): Promise<void> {
  await storeDeals(t, account, deals);
  await t.db.run(sql`UPDATE accounts SET (booked, flowed, credited) = (${wholeSums(sql`accounts.id`)})
    WHERE id = ${account}::uuid`);
}

const deal = (ticket: string, iso: string, amount: string, over: Partial<StoredDeal> = {}): StoredDeal => ({
  ...{ ticket, timeMs: ms(iso), amount, type: 'balance' },
  ...over,
});
const traded = { type: 'sell', positionId: '7' };

const baseAt = async (atMs: number) => {
  const [row] = await t.db.run(dailyBases(account, [atMs]));
  if (row === undefined) throw new Error('no such account');
  return dailyBaseOf(row, atMs);
};
const point = (iso: string, equity: string, sums: { booked: string; flowed: string } | null = null) =>
  t.sql(
    `INSERT INTO equity_points (account_id, at, balance, credit, equity, booked, flowed)
     VALUES ($1, $2, 0, 0, $3, $4, $5)`,
    [account, iso, equity, sums?.booked ?? null, sums?.flowed ?? null],
  );

describe('what an account had at an instant', () => {
  it('is what the deals dated before it booked, to the millisecond, whenever they were stored', async () => {
    await store([
      deal('1', '2026-03-02T10:00:00Z', '10000'),
      deal('2', '2026-03-28T22:59:59.999Z', '-300', traded),
      deal('3', '2026-03-28T23:00:00Z', '-40', traded),
      deal('4', '2026-03-29T08:00:00Z', '500'),
    ]);
    const { at, account: flows, firstMs } = await baseAt(ms('2026-03-28T23:00:00Z'));
    expect(at).toMatchObject({ booked: '9700', flowed: '10000', worth: null });
    expect(flows).toEqual({ flowed: '10500', initial: '10000' });
    expect(firstMs).toBe(ms('2026-03-02T10:00:00Z'));
  });

  it('counts of a deal the version that counts, of a cancelled one what it had booked, and credit', async () => {
    await store([
      deal('1', '2026-03-02T10:00:00Z', '10000'),
      deal('2', '2026-03-03T10:00:00Z', '-300', traded),
      deal('2', '2026-03-03T10:00:00Z', '-310', { ...traded, revision: 1 }),
      deal('3', '2026-03-03T11:00:00Z', '25', traded),
      deal('3', '2026-03-03T11:00:00Z', '0', { ...traded, type: 'sell_canceled', revision: 1 }),
      deal('4', '2026-03-03T12:00:00Z', '1000', { type: 'credit' }),
    ]);
    expect((await baseAt(ms('2026-03-04T00:00:00Z'))).at).toMatchObject({ booked: '10715', flowed: '11000' });
    expect((await baseAt(ms('2026-03-03T10:30:00Z'))).at).toMatchObject({ booked: '9690', flowed: '10000' });
  });

  it('takes all that came in before the first trade for the initial balance, and nothing later', async () => {
    await store([
      deal('1', '2026-03-02T10:00:00Z', '6000'),
      deal('2', '2026-03-02T11:00:00Z', '4000'),
      deal('3', '2026-03-03T10:00:00Z', '5', traded),
      deal('4', '2026-03-03T11:00:00Z', '7000'),
    ]);
    expect((await baseAt(ms('2026-03-04T00:00:00Z'))).account.initial).toBe('10000');
  });

  it('has what it was last seen to be worth by then, and what flowed from that sight to the instant', async () => {
    await store([
      deal('1', '2026-03-02T10:00:00Z', '10000'),
      deal('2', '2026-03-03T22:30:00Z', '-2000'),
      deal('3', '2026-03-03T23:30:00Z', '100'),
    ]);
    const worth = async () => (await baseAt(ms('2026-03-03T23:00:00Z'))).at.worth;
    expect(await worth()).toBeNull();
    await point('2026-03-03T22:00:00Z', '9500');
    await point('2026-03-03T23:00:00.001Z', '1');
    expect(await worth()).toEqual({ equity: '9500', flowed: '-2000' });
    // A point that knew of the withdrawal before its deal's date.
    await point('2026-03-03T22:10:00Z', '7400', { booked: '8000', flowed: '8000' });
    expect(await worth()).toEqual({ equity: '7400', flowed: '0' });
  });

  it('is nothing of an account that there is not', async () => {
    expect(await t.db.run(dailyBases('018f0000-0000-7000-8000-000000000000', [0]))).toEqual([]);
  });
});

/** Deals at any minute of four weeks around the change of the clocks; the first is a deposit. */
const START = ms('2026-03-15T00:00:00Z');
const anyDeals = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 1, max: 40_000 }),
      cents: fc.integer({ min: -50_000, max: 50_000 }).filter((n) => n !== 0),
      type: fc.constantFrom('sell', 'sell', 'sell', 'balance', 'credit', 'commission'),
      revised: fc.option(fc.integer({ min: -50_000, max: 50_000 }), { nil: null, freq: 4 }),
    }),
    { maxLength: 40 },
  )
  .map((rows): StoredDeal[] => [
    deal('1', isoTime(START), '10000'),
    ...rows.flatMap(({ minute, cents, type, revised }, i) => {
      const first: StoredDeal = {
        ...{ ticket: String(i + 2), timeMs: START + minute * 60_000, type },
        ...{ amount: plain(new Big(cents).div(100)), positionId: type === 'sell' ? '7' : '0' },
      };
      return revised === null
        ? [first]
        : [first, { ...first, revision: 1, amount: plain(new Big(revised).div(100)) }];
    }),
  ]);
const counted = (deals: readonly StoredDeal[]) => {
  const last = new Map<string, StoredDeal>();
  for (const d of deals) last.set(d.ticket, d);
  return [...last.values()];
};
const rule: DailyRule = {
  ...{ name: 'eod', tz: 'Europe/Prague', reset: '00:00', base: 'highest_eod', buffer_bps: 10_000 },
  ...{ amount: { kind: 'money', value: '1000' }, initial: null },
};

describe('whatever an account did', () => {
  it('its base at an instant is the sum of all deals before it, and the highest of a midnight in Prague is found', async () => {
    const met = caseCensus('revised', 'credit', 'risen', 'never risen');
    await fc.assert(
      fc.asyncProperty(anyDeals, fc.integer({ min: 1, max: 41_000 }), async (deals, minute) => {
        await clear();
        await store(deals);
        const nowMs = START + minute * 60_000;
        const { at, account: flows } = await baseAt(nowMs);
        const before = counted(deals).filter((d) => d.timeMs < nowMs);
        const isFlow = (d: StoredDeal) => FLOWS.includes(d.type);
        expect(at.booked).toBe(sum(before.map((d) => d.amount)));
        expect(at.flowed).toBe(sum(before.filter(isFlow).map((d) => d.amount)));
        met.note(
          'revised',
          deals.some((d) => d.revision === 1),
        );
        met.note(
          'credit',
          before.some((d) => d.type === 'credit'),
        );

        // Midnights of Prague, by hand: 23:00 UTC until 28 March, 22:00 from 29 March on.
        const change = ms('2026-03-29T00:00:00Z');
        const midnights = Array.from({ length: 31 }, (_, i) => {
          const day = START + i * 24 * HOUR_MS - HOUR_MS;
          return day > change ? day - HOUR_MS : day;
        }).filter((m) => m >= START && m <= nowMs);
        const results = midnights.map(
          (m) =>
            new Big(
              sum(
                counted(deals)
                  .filter((d) => d.timeMs < m && !isFlow(d))
                  .map((d) => d.amount),
              ),
            ),
        );
        const highest = results.reduce((high, r) => (r.gt(high) ? r : high), new Big(0));
        met.note('risen', highest.gt(0));
        met.note('never risen', highest.eq(0));
        const [limit] = await readDailyLimits(t.db, account, [rule], { nowMs, unexplained: '0' });
        expect(limit?.base).toBe(plain(new Big(flows.flowed).plus(highest)));
      }),
      { ...runs(40) },
    );
    met.expectAllMet();
  });
});

describe('the highest balance of a reset', () => {
  it('is summed once a day, and anew where a deal of before is stated otherwise', async () => {
    const early = [
      deal('1', '2026-03-02T10:00:00Z', '10000'),
      deal('2', '2026-03-03T10:00:00Z', '70', traded),
    ];
    await store(early);
    let statements = 0;
    const counting: Database = {
      ...t.db,
      run: (q) => t.db.run(q),
      batch: (queries) => {
        statements += queries.length;
        return t.db.batch(queries);
      },
    };
    const base = async (iso: string) => {
      const [limit] = await readDailyLimits(counting, account, [rule], { nowMs: ms(iso), unexplained: '0' });
      return [limit?.base, statements];
    };
    expect(await base('2026-03-05T08:00:00Z')).toEqual(['10070', 1]);
    await store([deal('3', '2026-03-05T08:30:00Z', '500', traded)]);
    expect(await base('2026-03-05T09:00:00Z'), 'of the same day').toEqual(['10070', 1]);
    await store([deal('2', '2026-03-03T10:00:00Z', '90', { ...traded, revision: 1 })]);
    expect(await base('2026-03-05T09:00:00Z'), 'restated').toEqual(['10090', 2]);
    expect(await base('2026-03-06T09:00:00Z'), 'the next day').toEqual(['10590', 3]);
  });
});

describe('where rules stand', () => {
  it('is told of each in its own time, in their order, without those of which nothing can be lost yet', async () => {
    await store([
      deal('1', '2026-03-02T10:00:00Z', '10000'),
      deal('2', '2026-03-04T22:30:00Z', '-100', traded),
      deal('3', '2026-03-04T23:30:00Z', '-60', traded),
    ]);
    const at = { nowMs: ms('2026-03-05T12:00:00Z'), unexplained: '0' };
    const rules: DailyRule[] = [
      { ...rule, name: 'prague', base: 'balance' },
      { ...rule, name: 'utc', base: 'balance', tz: 'UTC' },
      { ...rule, name: 'initial', base: 'initial' },
    ];
    const limits = await readDailyLimits(t.db, account, rules, at);
    expect(limits.map((l) => [l.name, l.breachBelow, l.resetsAtMs && isoTime(l.resetsAtMs)])).toEqual([
      ['prague', '8900', '2026-03-05T23:00:00.000Z'],
      ['utc', '8840', '2026-03-06T00:00:00.000Z'],
      ['initial', '9000', null],
    ]);
    expect(await readDailyLimits(t.db, account, [], at)).toEqual([]);
    await clear();
    await store([]);
    expect(await readDailyLimits(t.db, account, rules.slice(0, 2), at)).toEqual([]);
  });
});
