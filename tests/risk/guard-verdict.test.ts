import { describe, expect, it } from 'vitest';
import { GUARD_DEFAULTS, type GuardSettings } from '../../functions/risk/guard-settings.ts';
import type { GuardSample, GuardState } from '../../functions/risk/guard-state.ts';
import { guardVerdict } from '../../functions/risk/guard-verdict.ts';

const AT = Date.UTC(2026, 2, 2, 9);
const ID = '01990000-0000-7000-8000-000000000001';
const sample = (atMs: number, change: Partial<GuardSample> = {}): GuardSample => ({
  ...{ atMs, balance: '10000', credit: '0', equity: '10000', marginLevel: null, marginStopOut: null },
  ...{ positions: [], orders: [], quotes: {}, booked: '10000', flowed: '10000', limits: [], bridge: null },
  ...change,
});
const open = (change: Partial<GuardSample['positions'][number]> = {}) => ({
  ...{
    identifier: '5',
    ticket: '5',
    symbol: 'XAUUSD',
    side: 'buy' as const,
    volume: '1',
    profit: '0',
    swap: '0',
  },
  ...{ priceCurrent: '2035', ours: false, ...change },
});
const judge = (
  state: GuardState | null,
  of: GuardSample,
  { stopOut = false, ...settings }: Partial<GuardSettings> & { stopOut?: boolean } = {},
) =>
  guardVerdict({ settings: { ...GUARD_DEFAULTS, ...settings }, state }, of, {
    ...{ nowMs: of.atMs, tripId: ID, stopOut },
  });
const first = judge(null, sample(AT)).state;

describe('what a snapshot means to a guard', () => {
  it('is worth a row the first time, where money or positions moved, and not of an account at rest', () => {
    expect(judge(null, sample(AT)).isNews).toBe(true);
    expect(judge(first, sample(AT + 60_000)).isNews).toBe(false);
    const paid = { balance: '10500', equity: '10500', booked: '10500', flowed: '10500' };
    expect(judge(first, sample(AT + 60_000, paid)).isNews).toBe(true);
    const held = judge(first, sample(AT + 60_000, { positions: [open()] }));
    expect(held.isNews).toBe(true);
    expect(judge(held.state, sample(AT + 120_000, { positions: [open()] })).isNews).toBe(true);
  });
});

describe('a stop-out of the broker', () => {
  const rest = sample(AT + 60_000, { positions: [open()] });

  it('has what it left closed, and leaves the latch', () => {
    const { state, effects } = judge(first, rest, { stopOut: true });
    expect(state).toMatchObject({
      phase: 'tripped',
      trip: { tripId: ID, causes: ['stop-out'], scope: 'all' },
    });
    expect(effects.map((e) => e.kind)).toEqual(['tripped']);
    const one = judge(state, sample(AT + 62_000)).state;
    expect(judge(one, sample(AT + 64_000)).state.phase).toBe('flat_latched');
  });

  it('of an account’s past, or where the guard only looks on, closes nothing', () => {
    expect(judge(null, rest, { stopOut: true }).state.phase).toBe('armed');
    for (const mode of ['off', 'shadow'] as const)
      expect(judge(first, rest, { stopOut: true, mode }).effects).toEqual([]);
  });

  it('joins what is being closed already', () => {
    const closing = judge(first, rest, { stopOut: true }).state;
    const later = judge(closing, sample(AT + 62_000, { positions: [open()] }), { stopOut: true });
    expect(later.state.trip?.causes).toEqual(['stop-out']);
    expect(later.effects).toEqual([]);
  });
});
