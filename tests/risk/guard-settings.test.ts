import { describe, expect, it } from 'vitest';
import {
  GUARD_DEFAULTS,
  guardSettings,
  guardSettingsChange,
  parseGuardSettings,
  statedGuardSettings,
} from '../../functions/risk/guard-settings.ts';

const RULE = {
  ...{ name: 'day', tz: 'Europe/Prague', reset: '00:00', base: 'balance', initial: null, buffer_bps: 8_000 },
  amount: { kind: 'percent_of_initial', value: '5' },
};

describe('the settings of a guard', () => {
  it('guard an account whose people have decided nothing: told at 15 %, closed at 20 %, 10 s to say no', () => {
    expect(GUARD_DEFAULTS).toMatchObject({
      ...{ mode: 'armed', warnBps: 1_500, tripBps: 2_000, floorEquity: null, scope: 'all' },
      ...{ warningMs: 10_000, abortOnRecovery: true, dailyRules: [] },
    });
    for (const row of [null, undefined, {}, 'off', []])
      expect(parseGuardSettings(row)).toEqual(GUARD_DEFAULTS);
  });

  it('come back as they were stored', () => {
    const stated = guardSettings.parse({
      ...statedGuardSettings({}),
      ...{ mode: 'shadow', warn_bps: 500, trip_bps: 900, floor_equity: '9000.5', scope: 'own' },
      ...{ warning_ms: 0, abort_on_recovery: false, daily_rules: [RULE] },
    });
    expect(statedGuardSettings(JSON.parse(JSON.stringify(stated)))).toEqual(stated);
    expect(parseGuardSettings(stated)).toMatchObject({
      ...{ mode: 'shadow', warnBps: 500, tripBps: 900, floorEquity: '9000.5', scope: 'own', warningMs: 0 },
      ...{ abortOnRecovery: false, dailyRules: [RULE] },
    });
  });

  it('guard where a stored field is no longer valid, and keep the others', () => {
    const row = {
      mode: 'sleep',
      trip_bps: -4,
      warning_ms: 5_000,
      daily_rules: [{ ...RULE, reset: '25:00' }, RULE],
    };
    expect(parseGuardSettings(row)).toMatchObject({
      ...{ mode: 'armed', tripBps: 2_000, warningMs: 5_000, dailyRules: [RULE] },
    });
  });

  it.each([
    [{ warn_bps: 2_000 }, 'warn_bps'],
    [{ trip_bps: 10_000 }, 'trip_bps'],
    [{ floor_equity: '0' }, 'floor_equity'],
    [{ floor_equity: '1e3' }, 'floor_equity'],
    [{ warning_ms: 300_001 }, 'warning_ms'],
    [{ daily_rules: [RULE, RULE] }, 'daily_rules'],
  ])('refuse %j', (change, field) => {
    const { error } = guardSettings.safeParse({ ...statedGuardSettings({}), ...change });
    expect(error?.issues.map((i) => i.path[0])).toContain(field);
  });

  it('are changed in part, and by known names only', () => {
    expect(guardSettingsChange.parse({ mode: 'off' })).toEqual({ mode: 'off' });
    expect(guardSettingsChange.safeParse({ modus: 'off' }).success).toBe(false);
  });
});
