import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Big, plain } from '../../functions/platform/decimal.ts';
import {
  type AccountFlows,
  DAILY_BASES,
  type DailyRule,
  dailyLimit,
  dailyRule,
  dailyWindow,
  limitDistance,
  type ResetFacts,
} from '../../functions/risk/daily-loss.ts';
import { FIRM_PRESETS } from '../../functions/risk/firm-presets.ts';
import { caseCensus, runs } from '../support/property.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);

const rule = (over: Partial<DailyRule> = {}): DailyRule => ({
  ...{ name: 'daily', tz: 'Europe/Prague', reset: '00:00', base: 'balance' },
  ...{ amount: { kind: 'percent_of_initial', value: '5' }, buffer_bps: 10_000, initial: null },
  ...over,
});
const reset = (over: Partial<ResetFacts> = {}): ResetFacts => ({
  resetMs: 0,
  ...{ booked: '10000', flowed: '10000', worth: null, highestResult: '0' },
  ...over,
});
const flows = (over: Partial<AccountFlows> = {}): AccountFlows => ({
  ...{ flowed: '10000', initial: '10000', unexplained: '0' },
  ...over,
});
const window = { resetMs: 0, nextMs: 86_400_000 };
const levelOf = (r: DailyRule, at: ResetFacts = reset(), account: AccountFlows = flows()) =>
  dailyLimit(r, window, at, account)?.breachBelow;

describe('the day of a rule', () => {
  const hours = (tz: string, iso: string, at = '00:00') => {
    const { resetMs, nextMs } = dailyWindow({ tz, reset: at }, ms(iso));
    return [new Date(resetMs).toISOString(), (nextMs - resetMs) / HOUR_MS];
  };

  it('lasts 23 hours in Prague on 29 March 2026 and 25 on 25 October', () => {
    expect(hours('Europe/Prague', '2026-03-28T12:00:00Z')).toEqual(['2026-03-27T23:00:00.000Z', 24]);
    expect(hours('Europe/Prague', '2026-03-29T12:00:00Z')).toEqual(['2026-03-28T23:00:00.000Z', 23]);
    expect(hours('Europe/Prague', '2026-03-30T12:00:00Z')).toEqual(['2026-03-29T22:00:00.000Z', 24]);
    expect(hours('Europe/Prague', '2026-10-25T12:00:00Z')).toEqual(['2026-10-24T22:00:00.000Z', 25]);
    expect(hours('Europe/Prague', '2026-10-26T12:00:00Z')).toEqual(['2026-10-25T23:00:00.000Z', 24]);
  });

  it('begins at its reset to the millisecond', () => {
    const of = (at: number) => dailyWindow({ tz: 'Europe/Prague', reset: '00:00' }, at).resetMs;
    const midnight = ms('2026-03-28T23:00:00Z');
    expect(of(midnight)).toBe(midnight);
    expect(of(midnight - 1)).toBe(midnight - 24 * HOUR_MS);
  });

  it('follows the broker’s own clock, and an hour of the day that is no midnight', () => {
    // New York changes on 8 March: midnight of its server is 22:00 UTC before and 21:00 after.
    expect(hours('NY+7', '2026-03-06T12:00:00Z')[0]).toBe('2026-03-05T22:00:00.000Z');
    expect(hours('NY+7', '2026-03-10T12:00:00Z')[0]).toBe('2026-03-09T21:00:00.000Z');
    expect(hours('UTC', '2026-03-10T21:59:59Z', '22:00')).toEqual(['2026-03-09T22:00:00.000Z', 24]);
    expect(hours('+05:30', '2026-03-10T12:00:00Z')[0]).toBe('2026-03-09T18:30:00.000Z');
  });

  it('begins at the skip where the clock skips its reset, and at the first of two', () => {
    // Prague: 02:00 to 03:00 does not happen on 29 March and happens twice on 25 October.
    expect(hours('Europe/Prague', '2026-03-29T12:00:00Z', '02:30')[0]).toBe('2026-03-29T01:00:00.000Z');
    expect(hours('Europe/Prague', '2026-10-25T12:00:00Z', '02:30')).toEqual(['2026-10-25T00:30:00.000Z', 25]);
    expect(hours('Europe/Prague', '2026-10-25T01:15:00Z', '02:30')[0]).toBe('2026-10-25T00:30:00.000Z');
  });

  it('holds every instant, and its end begins the next', () => {
    const zones = ['Europe/Prague', 'NY+7', 'Pacific/Apia', 'Australia/Lord_Howe', '-03:30', 'UTC'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 1439 }),
        fc.integer({ min: ms('2011-01-01T00:00:00Z'), max: ms('2030-01-01T00:00:00Z') }),
        (tz, minute, at) => {
          const hhmm = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
          const day = dailyWindow({ tz, reset: hhmm }, at);
          expect(day.resetMs).toBeLessThanOrEqual(at);
          expect(day.nextMs).toBeGreaterThan(at);
          // The day that the date line took from Samoa lengthens none and shortens none to nothing.
          expect((day.nextMs - day.resetMs) / HOUR_MS).toBeGreaterThanOrEqual(
            tz === 'Pacific/Apia' ? 0.01 : 22.9,
          );
          expect((day.nextMs - day.resetMs) / HOUR_MS).toBeLessThanOrEqual(25.1);
          expect(dailyWindow({ tz, reset: hhmm }, day.nextMs).resetMs).toBe(day.nextMs);
          expect(dailyWindow({ tz, reset: hhmm }, day.nextMs - 1).resetMs).toBe(day.resetMs);
        },
      ),
      runs(400),
    );
  });
});

describe('the level of a rule', () => {
  it('is the balance at midnight less 5 % of the initial one, up and down with the days', () => {
    expect(levelOf(rule())).toBe('9500');
    expect(levelOf(rule(), reset({ booked: '10800' }))).toBe('10300');
    expect(levelOf(rule(), reset({ booked: '9700' }))).toBe('9200');
  });

  it('is the highest balance of a reset less 10 % of the initial one, and never falls', () => {
    const r = rule({ base: 'highest_eod', amount: { kind: 'percent_of_initial', value: '10' } });
    expect(levelOf(r)).toBe('9000');
    expect(levelOf(r, reset({ booked: '10800', highestResult: '800' }))).toBe('9800');
    expect(levelOf(r, reset({ booked: '9900', highestResult: '800' }))).toBe('9800');
    expect(levelOf(r, reset({ booked: '9300', highestResult: '-700' }))).toBe('9000');
    expect(dailyLimit(r, window, reset(), flows())?.resetsAtMs).toBeNull();
  });

  it('is the greater of equity and balance less a part of itself', () => {
    const r = rule({ base: 'max', amount: { kind: 'percent_of_base', value: '4.5' } });
    expect(levelOf(r, reset({ worth: { equity: '10400', flowed: '0' } }))).toBe('9932');
    expect(levelOf(r, reset({ worth: { equity: '9600', flowed: '0' } }))).toBe('9550');
    expect(levelOf(rule({ base: 'equity' }), reset({ worth: { equity: '9600', flowed: '0' } }))).toBe('9100');
  });

  it('takes an account that nobody had seen at the reset for its balance, and moves what was seen before by flows', () => {
    const r = rule({ base: 'equity', amount: { kind: 'money', value: '100' } });
    expect(levelOf(r)).toBe('9900');
    // Seen at 9,000 an hour before the reset, and 1,000 more came in that hour.
    expect(levelOf(r, reset({ worth: { equity: '9000', flowed: '1000' } }))).toBe('9900');
  });

  it('keeps the size of the contract where one is stated, also with a history that begins later', () => {
    const r = rule({
      base: 'initial',
      initial: '100000',
      amount: { kind: 'percent_of_initial', value: '10' },
    });
    expect(levelOf(r, reset({ booked: '-1500', flowed: '0' }), flows({ flowed: '0', initial: '0' }))).toBe(
      '90000',
    );
    const daily = rule({ initial: '100000' });
    const lost = flows({ flowed: '0', initial: '0', unexplained: '100000' });
    expect(levelOf(daily, reset({ booked: '-1500', flowed: '0' }), lost)).toBe('93500');
  });

  it('counts what stood there before the known history as the initial balance', () => {
    const r = rule({ base: 'initial' });
    const late = flows({ flowed: '0', initial: '0', unexplained: '10000' });
    expect(levelOf(r, reset({ booked: '0', flowed: '0' }), late)).toBe('9500');
  });

  it('is none before any money has come in, and that of the money on the day that it comes', () => {
    const empty = reset({ booked: '0', flowed: '0' });
    expect(dailyLimit(rule(), window, empty, flows({ flowed: '0', initial: '0' }))).toBeNull();
    expect(levelOf(rule(), empty)).toBe('9500');
    expect(levelOf(rule({ amount: { kind: 'percent_of_base', value: '5' } }), empty)).toBe('9500');
  });

  it('is acted on at the buffer’s share of the amount', () => {
    const limit = dailyLimit(rule({ buffer_bps: 8_000 }), window, reset(), flows());
    expect(limit).toMatchObject({ actBelow: '9600', breachBelow: '9500', base: '10000', amount: '500' });
    expect(limit?.resetsAtMs).toBe(window.nextMs);
  });
});

const cents = (min: number, max: number) => fc.integer({ min, max }).map((n) => plain(new Big(n).div(100)));
const anyRule = fc
  .record({
    base: fc.constantFrom(...DAILY_BASES),
    kind: fc.constantFrom('percent_of_initial', 'percent_of_base', 'money'),
    value: cents(1, 10_000),
    buffer_bps: fc.integer({ min: 1, max: 10_000 }),
    initial: fc.option(cents(100_000, 20_000_000), { nil: null }),
  })
  .map(({ kind, value, ...r }) => rule({ ...r, amount: { kind: kind as 'money', value } }));
/** An account with money in it at a reset, and what flowed by then and since. */
const anyFacts = fc
  .record({
    initial: cents(100_000, 20_000_000),
    later: cents(-50_000, 1_000_000),
    result: cents(-50_000, 500_000),
    best: cents(0, 500_000),
    floating: fc.option(cents(-50_000, 50_000), { nil: null }),
    since: cents(-20_000, 500_000),
  })
  .map(({ initial, later, result, best, floating, since }) => {
    const flowed = plain(new Big(initial).plus(later));
    const booked = plain(new Big(flowed).plus(result));
    const worth = floating === null ? null : { equity: plain(new Big(booked).plus(floating)), flowed: '0' };
    const highestResult = new Big(best).gt(result) ? best : result;
    return {
      at: reset({ booked, flowed, worth, highestResult }),
      account: flows({ initial, flowed: plain(new Big(flowed).plus(since)) }),
    };
  });

describe('whatever the rule', () => {
  it('a flow after the reset moves the level by exactly as much, so that no distance changes', () => {
    const met = caseCensus('deposit', 'withdrawal', 'lifetime', 'daily');
    fc.assert(
      fc.property(anyRule, anyFacts, cents(-50_000, 1_000_000), (r, { at, account }, flow) => {
        const before = dailyLimit(r, window, at, account);
        const after = dailyLimit(r, window, at, {
          ...account,
          flowed: plain(new Big(account.flowed).plus(flow)),
        });
        if (before === null || after === null) return;
        met.note('deposit', !flow.startsWith('-'));
        met.note('withdrawal', flow.startsWith('-'));
        met.note('lifetime', before.resetsAtMs === null);
        met.note('daily', before.resetsAtMs !== null);
        expect(after.breachBelow).toBe(plain(new Big(before.breachBelow).plus(flow)));
        expect(after.actBelow).toBe(plain(new Big(before.actBelow).plus(flow)));
        expect(after.amount).toBe(before.amount);
      }),
      runs(500),
    );
    met.expectAllMet();
  });

  it('a flow before the reset leaves what a fixed amount may lose as it was', () => {
    fc.assert(
      fc.property(anyFacts, cents(0, 1_000_000), ({ at, account }, flow) => {
        const r = rule({ amount: { kind: 'money', value: '300' } });
        const more = (text: string) => plain(new Big(text).plus(flow));
        const moved = { ...at, booked: more(at.booked), flowed: more(at.flowed) };
        const before = dailyLimit(r, window, at, account);
        const after = dailyLimit(r, window, moved, { ...account, flowed: more(account.flowed) });
        expect(after?.breachBelow).toBe(more(before?.breachBelow ?? 'none'));
      }),
      runs(),
    );
  });

  it('we act no later than the rule is broken, and the sooner the smaller the buffer', () => {
    fc.assert(
      fc.property(anyRule, anyFacts, fc.integer({ min: 1, max: 10_000 }), (r, { at, account }, other) => {
        const one = dailyLimit(r, window, at, account);
        const two = dailyLimit({ ...r, buffer_bps: other }, window, at, account);
        if (one === null || two === null) return;
        expect(new Big(one.actBelow).gte(one.breachBelow)).toBe(true);
        expect(new Big(one.actBelow).lte(one.base)).toBe(true);
        expect(one.breachBelow).toBe(two.breachBelow);
        expect(new Big(one.actBelow).cmp(two.actBelow)).toBe(Math.sign(other - r.buffer_bps));
      }),
      runs(400),
    );
  });

  it('the highest end of day never lets the level fall, whatever the days bring', () => {
    const r = rule({ base: 'highest_eod' });
    fc.assert(
      fc.property(fc.array(cents(-40_000, 40_000), { minLength: 2, maxLength: 30 }), (results) => {
        let [result, highest, level] = [new Big(0), new Big(0), new Big(0)];
        for (const day of results) {
          result = result.plus(day);
          if (result.gt(highest)) highest = result;
          const at = reset({ booked: plain(result.plus(10_000)), highestResult: plain(highest) });
          const now = new Big(levelOf(r, at) ?? 'none');
          expect(now.gte(level)).toBe(true);
          level = now;
        }
      }),
      runs(),
    );
  });
});

describe('the distance to a limit', () => {
  const limit = dailyLimit(rule({ buffer_bps: 8_000 }), window, reset(), flows());

  it('is money until we act and until it is broken, and the share of the amount that is lost', () => {
    if (limit === null) throw new Error('no limit');
    expect(limitDistance(limit, '9800')).toEqual({
      ...{ toAct: '200', toBreach: '300', usedPercent: 40 },
      toBreachPercent: (300 / 9800) * 100,
    });
    expect(limitDistance(limit, '9400')).toMatchObject({ toAct: '-200', toBreach: '-100', usedPercent: 120 });
    expect(limitDistance(limit, '10100').usedPercent).toBe(-20);
    expect(limitDistance(limit, '0').toBreachPercent).toBeNull();
  });
});

describe('a rule as it is given', () => {
  const { buffer_bps: _, initial: __, ...given } = rule();
  const faults = (over: object) => dailyRule.safeParse({ ...given, ...over }).success;

  it('acts at 80 % of the amount and takes the initial balance from the ledger, unless it says otherwise', () => {
    expect(dailyRule.parse(given)).toMatchObject({ buffer_bps: 8_000, initial: null });
  });

  it('names a zone, a time of day and an amount that can be', () => {
    expect(faults({ tz: 'Europe/Nowhere' })).toBe(false);
    expect(faults({ reset: '24:00' })).toBe(false);
    expect(faults({ amount: { kind: 'money', value: '0' } })).toBe(false);
    expect(faults({ amount: { kind: 'money', value: '1e3' } })).toBe(false);
    expect(faults({ amount: { kind: 'percent_of_base', value: '100.5' } })).toBe(false);
    expect(faults({ amount: { kind: 'money', value: '100.5' } })).toBe(true);
    expect(faults({ initial: '-1' })).toBe(false);
    expect(faults({ buffer_bps: 0 })).toBe(false);
  });

  it('is what every preset is, each by its own name', () => {
    for (const preset of FIRM_PRESETS) expect(dailyRule.parse(preset.rule)).toEqual(preset.rule);
    expect(new Set(FIRM_PRESETS.map((p) => p.id)).size).toBe(FIRM_PRESETS.length);
    expect(new Set(FIRM_PRESETS.map((p) => p.rule.name)).size).toBe(FIRM_PRESETS.length);
  });
});
