import { describe, expect, it } from 'vitest';
import { guardAlert } from '../../functions/risk/guard-alert.ts';
import type { GuardEffect, GuardTrip } from '../../functions/risk/guard-state.ts';
import { tripChange } from '../../functions/risk/guard-trip.ts';

const AT = Date.UTC(2026, 2, 2, 9);
const TRIP: GuardTrip = {
  ...{ tripId: '01990000-0000-7000-8000-000000000001', causes: ['drawdown'], scope: 'all', hard: false },
  ...{
    warnedMs: AT,
    deadlineMs: AT + 10_000,
    triggeredMs: null,
    resetsAtMs: null,
    stopped: false,
    recovered: 0,
  },
};
const TRIGGERED = { ...TRIP, triggeredMs: AT + 10_000 };
const FIGURES = {
  ...{ atMs: AT, equity: '7900', balance: '10000', credit: '0', nav: '0.79', peak: '1', drawdownBps: 2_100 },
};
type Said<E> = E extends unknown ? Omit<E, 'shadow' | 'figures'> : never;
const said = (what: Said<GuardEffect>, shadow = false) =>
  ({ ...what, shadow, figures: FIGURES }) as GuardEffect;

describe('what people are told of a guard', () => {
  it.each([
    ['the lesser level', said({ kind: 'warn-level' }), 'guard-warn-level'],
    ['a warning, with the moment of the closing', said({ kind: 'warned', trip: TRIP }), 'guard-warned'],
    ['a closing', said({ kind: 'tripped', trip: TRIGGERED, again: false }), 'guard-tripped'],
    ['its end', said({ kind: 'flat', trip: TRIGGERED, latched: true }), 'guard-flat'],
    ['a warning taken back', said({ kind: 'revoked', trip: TRIP, by: 'recovery' }), 'guard-revoked'],
    ['a latch that a reset opened', said({ kind: 'rearmed', trip: TRIGGERED, by: 'reset' }), 'guard-rearmed'],
    [
      'a floor that counts no more',
      said({ kind: 'floor-disarmed', floorEquity: '5000' }),
      'guard-floor-disarmed',
    ],
  ])('%s', (_what, effect, kind) => {
    expect(guardAlert(effect)).toMatchObject({ kind, detail: { equity: '7900', drawdown_percent: 21 } });
  });

  it('nothing of a suspicion, nor of its end', () => {
    for (const effect of [said({ kind: 'suspect', causes: ['drawdown'] }), said({ kind: 'cleared' })])
      expect(guardAlert(effect)).toBeNull();
  });

  it('once for a trip, and once more for each time that something came to stand again', () => {
    const periods = [false, true].map(
      (again) => guardAlert(said({ kind: 'tripped', trip: TRIGGERED, again }))?.period,
    );
    expect(new Set(periods).size).toBe(2);
    expect(periods[0]).toBe(TRIP.tripId);
  });

  it('of a shadow what it would have closed, under a name of its own, and nothing else', () => {
    const would = said({ kind: 'tripped', trip: TRIGGERED, again: false }, true);
    expect(guardAlert(would)?.kind).toBe('guard-shadow');
    for (const effect of [said({ kind: 'warn-level' }, true), said({ kind: 'warned', trip: TRIP }, true)])
      expect(guardAlert(effect)).toBeNull();
  });
});

describe('the row of a trip', () => {
  const at = (iso: string) => `2026-03-02T09:00:${iso}.000Z`;
  it('is there from the warning on, and says when it closed, was flat and was over', () => {
    expect(tripChange(said({ kind: 'warned', trip: TRIP }), AT)).toMatchObject({
      ...{ id: TRIP.tripId, cause: 'drawdown', shadow: false, scope: 'all' },
      ...{ warned_at: at('00'), deadline_at: at('10'), triggered_at: null, flat_at: null, ended_at: null },
    });
    const flat = said({ kind: 'flat', trip: TRIGGERED, latched: true });
    expect(tripChange(flat, AT + 20_000)).toMatchObject({
      ...{ triggered_at: at('10'), flat_at: at('20'), ended_at: null, reopened: false },
    });
    const over = said({ kind: 'flat', trip: TRIGGERED, latched: false });
    expect(tripChange(over, AT + 20_000)).toMatchObject({ flat_at: at('20'), ended_at: at('20') });
  });

  it('is over with its revocation, and with the reset that opened its latch', () => {
    const revoked = said({ kind: 'revoked', trip: TRIP, by: 'recovery' });
    expect(tripChange(revoked, AT + 5_000)).toMatchObject({
      ...{ revoked_at: at('05'), ended_at: at('05'), end_reason: 'recovery', triggered_at: null },
    });
    const reset = said({ kind: 'rearmed', trip: TRIGGERED, by: 'reset' });
    expect(tripChange(reset, AT + 30_000)).toMatchObject({
      ended_at: at('30'),
      end_reason: 'reset',
      flat_at: null,
    });
  });

  it('is flat no more where something came to stand again, and there is none of what is about no trip', () => {
    expect(tripChange(said({ kind: 'tripped', trip: TRIGGERED, again: true }), AT)).toMatchObject({
      reopened: true,
    });
    expect(tripChange(said({ kind: 'warn-level' }), AT)).toBeNull();
  });
});
