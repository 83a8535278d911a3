import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Big } from '../../functions/platform/decimal.ts';
import type { GuardSample } from '../../functions/risk/drawdown-guard.ts';
import { runs } from '../support/property.ts';
import { GOLD, GuardCourse } from './guard-course.ts';

/** How often each case came up that a property is about; one that never did proves nothing. */
const reached = new Map<string, number>();
const reach = (name: string, met = true): void => {
  reached.set(name, (reached.get(name) ?? 0) + (met ? 1 : 0));
};
afterAll(() => {
  console.info(`reached: ${[...reached].map(([name, n]) => `${name} ${n}`).join(', ')}`);
  expect([...reached].filter(([, n]) => n === 0).map(([name]) => name)).toEqual([]);
});

const RANK: Record<string, number> = {
  empty: 0,
  armed: 0,
  suspect: 1,
  warned: 2,
  tripped: 3,
  flat_latched: 4,
};

/** A deposit or withdrawal as a share of what the account is worth, and how its money and its deal come. */
type Payment = {
  share: number;
  part: 'both' | 'credit' | 'money' | 'deal';
  doubled: boolean;
  afterMs: number;
};
const payment: fc.Arbitrary<Payment> = fc.record({
  share: fc
    .integer({ min: -90, max: 400 })
    .filter((n) => n !== 0)
    .map((n) => n / 100),
  part: fc.constantFrom('both', 'credit', 'money', 'deal'),
  doubled: fc.boolean(),
  afterMs: fc.integer({ min: 1_000, max: 400_000 }),
});

describe('no sequence of flows', () => {
  it('changes the drawdown of a market that stands still, whether money or deal comes first, or a deal twice', () => {
    fc.assert(
      fc.property(
        fc.array(payment, { minLength: 1, maxLength: 16 }),
        fc.integer({ min: 8_100, max: 12_000 }),
        (payments, worth) => {
          const c = new GuardCourse();
          c.open('buy', 30);
          c.look();
          c.moveTo(worth);
          c.lookAnew();
          c.lookAnew();
          c.lookAnew();
          const before = c.downBps;
          c.heard();
          const seen = new Set<string>();
          const deal = (ticket: string, amount: Big, part: 'deal' | 'both' | 'credit'): void => {
            // The books know a deal by its ticket, however often it is listed.
            if (seen.has(ticket)) reach('a deal listed twice');
            else c.pay(amount, part);
            seen.add(ticket);
          };
          let late: (() => void)[] = [];
          let owed = new Big(0);
          payments.forEach(({ share, part, doubled, afterMs }, i) => {
            // Nobody takes out more than there is once all that was ordered has gone.
            const amount = c.equity().plus(owed).times(share).round(2);
            owed = new Big(0);
            const [due, ticket] = [late, String(i)];
            late = [];
            for (const arrive of due) arrive();
            // Each fourth sample brings nothing new of its own, so that what is under way comes to an end.
            if (i % 4 === 3) reach('nothing new');
            else if (part === 'money') {
              c.pay(amount, 'money');
              late.push(() => deal(ticket, amount, 'deal'));
            } else {
              deal(ticket, amount, part);
              if (doubled) deal(ticket, amount, part);
              if (part === 'deal') {
                owed = amount;
                late.push(() => c.pay(amount, 'money'));
              }
            }
            if (due.length > 0 && late.length > 0) reach('one flow on top of another');
            const { accepted, rejectedFor } = c.lookAnew(afterMs);
            reach('a sample in between that is not judged', rejectedFor === 'unposted-flow');
            if (accepted) {
              reach(`settled by ${part}`);
              expect(Math.abs(c.downBps - before)).toBeLessThan(0.01);
            }
          });
          for (const arrive of late) arrive();
          c.lookAnew();
          expect(Math.abs(c.downBps - before)).toBeLessThan(0.01);
          expect(c.state?.flows).toMatchObject({ pending: [], unsettled: null });
          expect(c.heard().filter((kind) => kind !== 'warn-level')).toEqual([]);
          expect(c.phase).toBe('armed');
        },
      ),
      runs(300),
    );
  });

  it('is a loss, or covers one: the NAV is what trading alone made of each unit', () => {
    const step = fc.record({
      trade: fc.integer({ min: -300, max: 400 }),
      flow: fc.integer({ min: -60, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const c = new GuardCourse(10_000, { mode: 'off' });
        let [nav, peak, shown] = [1, 1, 1];
        for (const { trade, flow } of steps) {
          const result = c.equity().times(trade).div(10_000).round(2);
          nav *= 1 + Number(result) / Number(c.equity());
          c.balance = c.balance.plus(result);
          c.booked = c.booked.plus(result);
          c.pay(c.equity().times(flow).div(100).round(2));
          // A peak is what two samples in a row were at.
          peak = Math.max(peak, Math.min(nav, shown));
          shown = nav;
          c.look();
          expect(c.downBps / 10_000).toBeCloseTo(Math.max(0, 1 - nav / peak), 6);
        }
        reach('a drawdown below flows', c.downBps > 100 && steps.some((s) => s.flow !== 0));
      }),
      runs(200),
    );
  });
});

/** Samples that are not what they seem, or are; each of an account with something open. */
const NOTHING: Partial<GuardSample> = { equity: '0', balance: '0', credit: '0' };
const garbage: fc.Arbitrary<Partial<GuardSample>> = fc.oneof(
  ...[
    fc.constantFrom<Partial<GuardSample>>(
      ...['NaN', '', 'Infinity', '-Infinity', 'undefined'].map((equity) => ({ equity })),
    ),
    fc.constantFrom<Partial<GuardSample>>(
      ...['0', '-1', '-99999', '0.00', '-0'].map((equity) => ({ equity })),
    ),
    fc.constantFrom<Partial<GuardSample>>(NOTHING, { ...NOTHING, positions: [], orders: [] }),
    fc.constantFrom<Partial<GuardSample>>({ booked: 'NaN' }, { atMs: 0 }),
  ],
);

describe('a guard', () => {
  it('is never disarmed by a figure that is none, zero or negative', () => {
    const begun = {
      suspect: () => {
        const c = new GuardCourse();
        c.open('buy', 3);
        c.look();
        c.moveTo(7_900);
        c.look();
        return c;
      },
      warned: () => GuardCourse.warned(),
      tripped: () => {
        const c = GuardCourse.warned();
        c.lookAnew(10_000);
        return c;
      },
      flat_latched: () => GuardCourse.latched(),
    };
    fc.assert(
      fc.property(
        fc.constantFrom<keyof typeof begun>('suspect', 'warned', 'tripped', 'flat_latched'),
        fc.array(fc.record({ of: garbage, afterMs: fc.integer({ min: 0, max: 120_000 }) }), {
          minLength: 1,
          maxLength: 12,
        }),
        (from, samples) => {
          const c = begun[from]();
          let rank = RANK[c.phase] ?? 0;
          for (const { of, afterMs } of samples) {
            c.look(afterMs, of);
            // Back from the latch to the closing is no disarming.
            const now = c.phase === 'tripped' && from === 'flat_latched' ? 4 : (RANK[c.phase] ?? 0);
            expect(now).toBeGreaterThanOrEqual(rank);
            rank = now;
          }
          reach(`garbage while ${from}`);
          expect(c.state?.peak).toBe('1');
        },
      ),
      runs(300),
    );
  });

  it('with something open and nothing left closes at once, however it came to that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000, max: 0 }),
        fc.constantFrom(0, 500, 20_000, -500),
        (equity, flow) => {
          const c = new GuardCourse();
          c.open('buy', 200);
          c.look();
          c.moveTo(equity);
          if (flow !== 0) c.pay(flow);
          reach('paid in after the loss', c.equity().gt(0));
          c.look();
          expect(c.phase).toBe('tripped');
          expect(c.downBps).toBe(10_000);
        },
      ),
      runs(100),
    );
  });

  it('never opens its latch by itself', () => {
    const event = fc.oneof(
      fc.record({ do: fc.constant('pay' as const), amount: fc.integer({ min: -20_000, max: 50_000 }) }),
      fc.record({ do: fc.constant('trade' as const), amount: fc.integer({ min: -3_000, max: 9_000 }) }),
      fc.record({ do: fc.constant('open' as const), amount: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ do: fc.constant('flat' as const), amount: fc.constant(0) }),
      fc.record({ do: fc.constant('mode' as const), amount: fc.integer({ min: 0, max: 2 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.integer({ min: 1, max: 9e7 }), garbage, fc.boolean()), { maxLength: 25 }),
        (events) => {
          const c = GuardCourse.latched();
          for (const [{ do: what, amount }, afterMs, of, isGarbage] of events) {
            if (what === 'pay') c.pay(amount);
            if (what === 'trade') {
              c.balance = c.balance.plus(amount);
              c.booked = c.booked.plus(amount);
            }
            if (what === 'open') c.open('buy', amount / 10);
            if (what === 'flat') c.closeAll();
            if (what === 'mode')
              c.settings = { ...c.settings, mode: (['off', 'shadow', 'armed'] as const)[amount] ?? 'armed' };
            c.look(afterMs, isGarbage ? of : {});
            expect(['tripped', 'flat_latched']).toContain(c.phase);
            reach('closing again after the latch', c.phase === 'tripped');
            reach('latched with another mode', c.phase === 'flat_latched' && c.settings.mode !== 'armed');
          }
        },
      ),
      runs(200),
    );
  });

  it('warns by two samples alone: 1 to 15 s apart, the second with a newer quote', () => {
    const look = fc.record({
      equity: fc.integer({ min: 7_600, max: 8_400 }),
      afterMs: fc.oneof(fc.integer({ min: 100, max: 3_000 }), fc.integer({ min: 3_000, max: 30_000 })),
      ticks: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(look, { minLength: 2, maxLength: 20 }), (looks) => {
        const c = new GuardCourse();
        c.open('buy', 30);
        c.look();
        let begunMs: number | null = null;
        let begunQuoteMs = 0;
        for (const { equity, afterMs, ticks } of looks) {
          c.nowMs += afterMs;
          if (ticks) c.moveTo(equity);
          const { effects } = c.look(0);
          const [quoteMs, isDown] = [c.quotes[GOLD]?.timeMs ?? 0, c.equity().lte(8_000)];
          const apartMs = c.nowMs - (begunMs ?? 0);
          const again = begunMs !== null && isDown;
          const isTwo = again && apartMs >= 1_000 && apartMs <= 15_000 && quoteMs > begunQuoteMs;
          expect(effects.some((e) => e.kind === 'warned')).toBe(isTwo);
          reach('confirmed', isTwo);
          reach('too soon', again && apartMs < 1_000);
          reach('too late', again && apartMs > 15_000);
          reach('the same quote', again && quoteMs === begunQuoteMs);
          if (isTwo) return;
          // A suspicion that begins anew without having been cleared keeps the quote that it began with.
          if (isDown && begunMs === null) begunQuoteMs = quoteMs;
          if (!isDown) begunMs = null;
          else if (begunMs === null || apartMs > 15_000) begunMs = c.nowMs;
        }
      }),
      runs(300),
    );
  });

  it('is never cleared by a deeper equity where a lesser fall would not clear it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('armed', 'suspect', 'warned'),
        fc.integer({ min: 5_000, max: 9_900 }),
        fc.integer({ min: 1, max: 6_000 }),
        fc.integer({ min: 1_000, max: 12_000 }),
        (from, equity, deeper, afterMs) => {
          const ranks = [equity, equity - deeper].map((worth) => {
            const c = from === 'warned' ? GuardCourse.warned() : new GuardCourse();
            if (from !== 'warned') c.open('buy', 30);
            if (from !== 'warned') c.look();
            if (from === 'suspect') c.moveTo(7_950);
            if (from === 'suspect') c.look();
            c.nowMs += afterMs;
            c.moveTo(worth);
            const { rejectedFor } = c.look(0);
            return { rank: RANK[c.phase] ?? 0, rejectedFor };
          });
          const [lesser, greater] = ranks;
          if (lesser === undefined || greater === undefined) throw new Error('two were judged');
          reach(`deeper while ${from}`);
          reach('deeper is judged once the price is shown twice', greater.rejectedFor === 'price-jump');
          const least = from === 'armed' ? 0 : 1;
          if (lesser.rank >= least) expect(greater.rank).toBeGreaterThanOrEqual(least);
          if (greater.rejectedFor === null && lesser.rejectedFor === null)
            expect(greater.rank).toBeGreaterThanOrEqual(lesser.rank);
        },
      ),
      runs(200),
    );
  });
});
